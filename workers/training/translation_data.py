"""Batches for image-to-image trainings, and the pictures that show how far they are."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from search_service.recipes.translation import ImageToImageRecipe
from workers.images import DOMAINS, Domains, from_uint8, grid, png, to_uint8
from workers.training.draws import Draws
from workers.training.watching import BATCHES

SHOWN = 16  # images in each row of a grid


@dataclass(frozen=True, kw_only=True)
class ImageSizes:
    """Channels of inputs and of targets, and the height of both."""

    inputs: int
    targets: int
    side: int


@dataclass(frozen=True, kw_only=True, eq=False)
class TranslationData:
    """What is trained on, and what grids show: images held out from it."""

    train: Domains
    shown: Domains

    @property
    def sizes(self) -> ImageSizes:
        """Of every image in it."""
        channels, targets = self.train.inputs.shape[1], self.train.targets.shape[1]
        return ImageSizes(inputs=channels, targets=targets, side=self.train.inputs.shape[2])

    @property
    def sides(self) -> tuple[int, int]:
        """Height and width of every target."""
        height, width = self.train.targets.shape[2:]
        return height, width


def open_data(name: str, folder: Path | None) -> TranslationData:
    """The data set of that name; raises as its reader does, and UnknownName."""
    reader = DOMAINS[name]
    return TranslationData(train=reader(folder, "train"), shown=reader(folder, "search"))


def draw_batch(data: Domains, draws: Draws, count: int, *, flip: bool) -> tuple[Tensor, Tensor]:
    """Inputs and targets, float32 (count, c, h, w) in [-1, 1], of the same places when paired;
    where processes share a batch, this one's part of it."""
    places = draws.indices(count, len(data.inputs))
    others = places if data.paired else draws.indices(count, len(data.targets))
    inputs, targets = _at(data.inputs, places), _at(data.targets, others)
    if flip:
        mirrored = draws.coins(count)[:, None, None, None]
        inputs = torch.where(mirrored, inputs.flip(3), inputs)
        targets = torch.where(mirrored, targets.flip(3), targets)
    return inputs, targets


def watched_batches(
    data: TranslationData, draws: Draws, recipe: ImageToImageRecipe
) -> dict[str, tuple[Tensor, Tensor]]:
    """Inputs and targets of both kinds that `accuracies` compares."""
    count = BATCHES * recipe.batch
    return {
        "train": draw_batch(data.train, draws, count, flip=recipe.flip),
        "held_out": draw_batch(data.shown, draws, count, flip=recipe.flip),
    }


def shown_inputs(data: TranslationData) -> tuple[Tensor, Tensor]:
    """The first held-out inputs and targets, as `draw_batch` gives them."""
    few = torch.arange(min(SHOWN, len(data.shown.inputs), len(data.shown.targets)))
    return _at(data.shown.inputs, few), _at(data.shown.targets, few)


def picture(rows: list[Tensor]) -> bytes:
    """PNG of these rows of images in [-1, 1]; grey ones become colour beside colour."""
    widest = max(row.shape[1] for row in rows)
    alike = [row.expand(-1, widest, -1, -1) for row in rows]
    images = to_uint8(torch.cat(alike)).numpy()
    return png(grid(np.ascontiguousarray(images), len(rows[0])))


def _at(images: NDArray[np.uint8], places: Tensor) -> Tensor:
    return from_uint8(torch.from_numpy(images[places.numpy()]))
