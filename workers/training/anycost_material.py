"""What the players of an Anycost training are given: real images, and classes to make images of."""

from collections.abc import Sequence

import torch
from torch import Tensor

from search_service.errors import InvalidInput
from search_service.recipes.anycost import AnycostRecipe
from workers.images import from_uint8
from workers.training.draws import Draws
from workers.training.losses import area_pyramid

Real = tuple[Tensor, Tensor | None]  # images uint8 (count, c, r, r) and their labels


class AnycostMaterial:
    """Real images with their labels, where the generator has classes."""

    def __init__(self, recipe: AnycostRecipe, images: Tensor, labels: Tensor | None) -> None:
        """`images` uint8 (count, c, r, r), `labels` (count,). Raises InvalidInput when there are
        classes and no labels."""
        if recipe.generator.classes and labels is None:
            raise InvalidInput("a generator with classes is trained on images with labels")
        self._recipe = recipe
        self._labels = labels if recipe.generator.classes else None
        self.train: Real = (images, self._labels)

    def real(
        self, draws: Draws, sides: Sequence[int], *, of: Real, count: int
    ) -> tuple[list[Tensor], Tensor | None]:
        """So many real images at each of the sides, and their labels."""
        pixels, labels = of
        places = draws.indices(count, len(pixels))
        images = from_uint8(pixels[places])
        if self._recipe.flip:
            mirrored = draws.coins(count)[:, None, None, None]
            images = torch.where(mirrored, images.flip(3), images)
        shown = None if self._labels is None or labels is None else labels[places]
        return area_pyramid(images, sides), shown

    def labels(self, draws: Draws) -> Tensor | None:
        """Classes for a batch of generated images: those of real images drawn for it."""
        if self._labels is None:
            return None
        return self._labels[draws.indices(self._recipe.batch, len(self._labels))]
