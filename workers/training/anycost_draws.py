"""The random decisions that training an Anycost supernet needs besides the common ones."""

from collections.abc import Mapping
from random import Random

import numpy as np
import torch

from search_service.recipes.anycost import Sampling
from search_service.spaces.anycost import AnycostSpace
from search_service.spaces.anycost_sampling import Drawn, draw
from workers.training.draws import Draws
from workers.training.sharing import mine


class AnycostDraws(Draws):
    """Resolutions, subnets and latents of one step."""

    def __init__(self, seed: int, step: int) -> None:
        super().__init__(seed, step)
        self._python = Random(int(self.rng.integers(2**63)))

    def sides(self, weights: Mapping[int, float], sampling: Sampling) -> tuple[int, ...]:
        """The resolutions that the discriminator sees, lowest first: all of the weighted ones, or
        `levels` different ones by weight."""
        if sampling.resolutions != "sampled":
            return tuple(weights)
        shares = np.array(list(weights.values())) / sum(weights.values())
        drawn = self.rng.choice(list(weights), size=sampling.levels, replace=False, p=shares)
        return tuple(sorted(int(side) for side in drawn))

    def subnet(self, space: AnycostSpace, side: int, sampling: Sampling) -> Drawn:
        """One of that output side, with the ratios that the discriminator may be told."""
        if sampling.channels == "full":
            entries = len(space.full_channels)
            return Drawn(architecture=space.uniform(1.0, side), ratios=(1.0,) * entries)
        return draw(
            sampling.channels,
            space,
            self._python,
            side=side,
            full=sampling.full,
            smallest=sampling.smallest,
        )

    def latents(self, count: int, style_dim: int, mixing: float = 0.0) -> torch.Tensor:
        """`mine` of (count, 1 or 2, style_dim); two with probability `mixing`."""
        latents = 2 if self.rng.random() < mixing else 1
        return mine(torch.randn(count, latents, style_dim, generator=self.torch))

    def crossover(self, style_count: int) -> int:
        """How many layers take the first of two latents."""
        return int(self.rng.integers(1, style_count))
