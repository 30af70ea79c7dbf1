"""The real images that an Anycost supernet is trained on, checked against what it makes."""

from pathlib import Path

import torch
from torch import Tensor

from search_service.errors import InvalidInput
from search_service.recipes.anycost import AnycostRecipe
from workers.images import DATASETS


def open_images(recipe: AnycostRecipe, folder: Path | None) -> tuple[Tensor, Tensor]:
    """Images uint8 (count, c, r, r) and the class of each, (count,), of the training split.

    Raises as the data set's reader does, and InvalidInput when the images have other channels, a
    side that does not shrink to the generator's, or other classes than it.
    """
    real, wanted = DATASETS[recipe.dataset](folder, "train"), recipe.generator
    channels, height, width = real.images.shape[1:]
    if channels != wanted.image_channels:
        raise InvalidInput(
            f"the images of {recipe.dataset} have {channels} channels, the generator makes "
            f"{wanted.image_channels}",
            pointer="/generator/image_channels",
        )
    if height != width or height % wanted.resolution:
        raise InvalidInput(
            f"the images of {recipe.dataset} are {width}x{height}: they must be squares of "
            f"{wanted.resolution} pixels, the generator's, or a multiple",
            pointer="/generator/resolution",
        )
    if wanted.classes not in (0, len(real.classes)):
        raise InvalidInput(
            f"{recipe.dataset} has {len(real.classes)} classes, the generator {wanted.classes}",
            pointer="/generator/classes",
        )
    return torch.from_numpy(real.images), torch.from_numpy(real.labels)
