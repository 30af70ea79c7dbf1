"""Real images with their classes, checked against what a generator makes; and a share of them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from search_service.errors import InvalidInput
from workers.images import DATASETS

SUBSET = 3  # beside the seed: parts 1 and 2 are of each step


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledImages:
    """uint8 (count, c, r, r), and the class of each, (count,)."""

    images: Tensor
    labels: Tensor

    def share(self, fraction: float, *, seed: int) -> "LabelledImages":
        """So much of them, at least one, drawn by the seed and in their order."""
        count = max(1, round(fraction * len(self.images)))
        drawn = np.random.default_rng([seed, 0, SUBSET]).permutation(len(self.images))[:count]
        places = torch.from_numpy(np.sort(drawn))
        return LabelledImages(images=self.images[places], labels=self.labels[places])


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a generator makes."""

    side: int
    channels: int
    classes: int  # 0: any


def open_labelled(
    dataset: str, folder: Path | None, split: str, wanted: Wanted, *, where: str = ""
) -> LabelledImages:
    """A split of the data set. Raises as its reader does, and InvalidInput, pointing below `where`
    in the recipe, when the images have other channels, are not squares of the generator's side or a
    multiple, or have other classes."""
    real = DATASETS[dataset](folder, split)
    channels, height, width = real.images.shape[1:]
    if channels != wanted.channels:
        raise InvalidInput(
            f"the images of {dataset} have {channels} channels, the generator makes "
            f"{wanted.channels}",
            pointer=f"{where}/image_channels",
        )
    if height != width or height % wanted.side:
        raise InvalidInput(
            f"the images of {dataset} are {width}x{height}: they must be squares of "
            f"{wanted.side} pixels, the generator's, or a multiple",
            pointer=f"{where}/resolution",
        )
    if wanted.classes not in (0, len(real.classes)):
        raise InvalidInput(
            f"{dataset} has {len(real.classes)} classes, the generator {wanted.classes}",
            pointer=f"{where}/classes",
        )
    return LabelledImages(
        images=torch.from_numpy(real.images), labels=torch.from_numpy(real.labels)
    )
