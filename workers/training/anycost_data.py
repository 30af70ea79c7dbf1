"""The real images that an Anycost supernet is trained on, checked against what it makes."""

from pathlib import Path

from torch import Tensor

from search_service.recipes.anycost import AnycostRecipe
from workers.training.labelled_data import Wanted, open_labelled


def open_images(
    recipe: AnycostRecipe, folder: Path | None, split: str = "train"
) -> tuple[Tensor, Tensor]:
    """Images uint8 (count, c, r, r) and the class of each, (count,); raises as `open_labelled`."""
    size = recipe.generator
    wanted = Wanted(side=size.resolution, channels=size.image_channels, classes=size.classes)
    read = open_labelled(recipe.dataset, folder, split, wanted, where="/generator")
    return read.images, read.labels
