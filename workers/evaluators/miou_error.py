"""`miou_error`: 1 - mIoU of the label maps and what a segmentation network sees in the images.

GAN Compression (Li et al., 2020), section 4.2: whether an image shows what its map asked for.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from search_service.domain.space import Architecture
from search_service.errors import MeasurementFailed
from workers.evaluators.estimate import Estimate
from workers.evaluators.jackknife import BLOCKS, INTERVAL, jackknife
from workers.evaluators.order import shard_places
from workers.evaluators.segmenter import Segmenter

NAME = "miou_error"


def confusion(labels: Tensor, seen: Tensor, classes: int) -> NDArray[np.int32]:
    """Pixels by label and class seen, (n, classes, classes), of two (n, h, w) of whole numbers.

    A pixel labelled `classes` or above is left out.
    """
    count = len(labels)
    cells = labels.long() * classes + seen.long()
    cells += torch.arange(count).view(-1, 1, 1) * classes**2
    judged = cells[labels < classes]
    pixels = torch.bincount(judged, minlength=count * classes**2)
    return pixels.to(torch.int32).view(count, classes, classes).numpy()


def mean_iou(matrix: NDArray[Any]) -> float:
    """Of a confusion matrix (classes, classes), label by class seen: intersection over union,
    averaged over the classes that occur in either. NaN when none does."""
    both = np.diagonal(matrix).astype(np.float64)
    either = matrix.sum(axis=0) + matrix.sum(axis=1) - both
    occurs = either > 0
    return float((both[occurs] / either[occurs]).mean()) if occurs.any() else float("nan")


class MiouError:
    """Over the pixels of all images together. See ImageObjective."""

    name = rows_name = NAME

    def __init__(self, segmenter: Segmenter, labels: NDArray[np.uint8]) -> None:
        """`labels` (n, h, w): row i belongs to input i; those the network does not know are not
        judged."""
        self._segmenter = segmenter
        self._labels = labels

    @property
    def facts(self) -> Mapping[str, Any]:
        """See ImageObjective."""
        return {
            "segmenter_digest": self._segmenter.digest,
            "segmenter_classes": self._segmenter.classes,
            "interval": INTERVAL,
        }

    def rows(self, pixels: Tensor, *, seed: int, index: int) -> NDArray[np.int32]:
        """Confusion matrices (n, classes, classes)."""
        places = shard_places(len(self._labels), seed, index)
        labels = torch.from_numpy(self._labels[places])
        return confusion(labels, self._segmenter(pixels), self._segmenter.classes)

    def estimate(self, rows: NDArray[Any], architecture: Architecture) -> Estimate:
        """Raises MeasurementFailed when no label that the network knows occurs."""
        del architecture
        blocks = np.array_split(rows, min(BLOCKS, len(rows)))
        sums = [block.sum(axis=0, dtype=np.int64) for block in blocks]
        whole = np.sum(sums, axis=0)
        if not whole.any():
            raise MeasurementFailed("no label that the segmentation network knows is in the maps")
        value = 1.0 - mean_iou(whole)
        rest = [whole - part for part in sums]
        return jackknife(value, [1.0 - mean_iou(part) if part.any() else value for part in rest])
