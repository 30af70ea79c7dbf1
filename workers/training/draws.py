"""Every random decision of a training step, from (seed, step) alone, so that a resumed run goes on
as if it had never stopped."""

import numpy as np
import torch

from search_service.domain.space import Architecture, largest, smallest
from search_service.spaces.anycost import AnycostSpace
from workers.training.recipe import Recipe


class Draws:
    """The random numbers of one step, drawn in the order of the calls."""

    def __init__(self, seed: int, step: int) -> None:
        self._rng = np.random.default_rng([seed, step])
        self.torch = torch.Generator().manual_seed(int(self._rng.integers(2**63)))

    def indices(self, count: int, below: int) -> torch.Tensor:
        """Which real images: (count,), each below `below`, repeats allowed."""
        return torch.from_numpy(self._rng.integers(below, size=count))

    def side(self, weights: dict[str, float]) -> int:
        """One output side, by weight."""
        shares = np.array(list(weights.values())) / sum(weights.values())
        return int(self._rng.choice([int(name) for name in weights], p=shares))

    def architecture(self, space: AnycostSpace, side: int, recipe: Recipe) -> Architecture:
        """A subnet of that side: the full one, the smallest one, or every width by itself.

        Anycost GANs (Lin et al., 2021), section 3.3; one subnet a step.
        """
        kind = self._rng.random()
        if kind < recipe.sampling.full:
            ratios = largest(space).options[1:]
        elif kind < recipe.sampling.full + recipe.sampling.smallest:
            ratios = smallest(space).options[1:]
        else:
            ratios = tuple(
                c.options[int(self._rng.integers(len(c.options)))] for c in space.choices[1:]
            )
        return space.architecture((side, *ratios))

    def latents(self, count: int, style_dim: int, mixing: float = 0.0) -> torch.Tensor:
        """(count, 1 or 2, style_dim); two with probability `mixing`."""
        latents = 2 if self._rng.random() < mixing else 1
        return torch.randn(count, latents, style_dim, generator=self.torch)

    def crossover(self, style_count: int) -> int:
        """How many layers take the first of two latents."""
        return int(self._rng.integers(1, style_count))
