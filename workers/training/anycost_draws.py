"""The random decisions that training an Anycost supernet needs besides the common ones."""

import numpy as np
import torch

from search_service.domain.space import Architecture, largest, smallest
from search_service.recipes.anycost import AnycostRecipe
from search_service.spaces.anycost import AnycostSpace
from workers.training.draws import Draws
from workers.training.sharing import mine


class AnycostDraws(Draws):
    """Sides, architectures and latents of one step."""

    def side(self, weights: dict[str, float]) -> int:
        """One output side, by weight."""
        shares = np.array(list(weights.values())) / sum(weights.values())
        return int(self.rng.choice([int(name) for name in weights], p=shares))

    def architecture(self, space: AnycostSpace, side: int, recipe: AnycostRecipe) -> Architecture:
        """A subnet of that side: the full one, the smallest one, or every width by itself.

        Anycost GANs (Lin et al., 2021), section 3.3; one subnet a step.
        """
        kind = self.rng.random()
        if kind < recipe.sampling.full:
            ratios = largest(space).options[1:]
        elif kind < recipe.sampling.full + recipe.sampling.smallest:
            ratios = smallest(space).options[1:]
        else:
            ratios = tuple(
                c.options[int(self.rng.integers(len(c.options)))] for c in space.choices[1:]
            )
        return space.architecture((side, *ratios))

    def latents(self, count: int, style_dim: int, mixing: float = 0.0) -> torch.Tensor:
        """`mine` of (count, 1 or 2, style_dim); two with probability `mixing`."""
        latents = 2 if self.rng.random() < mixing else 1
        return mine(torch.randn(count, latents, style_dim, generator=self.torch))

    def crossover(self, style_count: int) -> int:
        """How many layers take the first of two latents."""
        return int(self.rng.integers(1, style_count))
