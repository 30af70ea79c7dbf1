"""Labelled data sets by name: what an Anycost generator is trained on and judged by."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search_service.registry import Registry
from workers.images.fashion_mnist import CLASSES, read_fashion_mnist


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledSet:
    """Images uint8 (n, c, h, w), the class of each as its place in `classes`, and the SHA-256."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    digest: str


# Each reads a split ("train" or "test") from a folder; None means the usual place.
DATASETS: Registry[Callable[[Path | None, str], LabelledSet]] = Registry("dataset")
BALANCED = {"fashion-mnist-32": len(CLASSES)}  # as many images of every class: known unread


@DATASETS.register("fashion-mnist-32")
def fashion_mnist_32(folder: Path | None, split: str) -> LabelledSet:
    """Fashion-MNIST with a border of zeros; see `read_fashion_mnist`."""
    read = read_fashion_mnist(folder, split=split)
    return LabelledSet(
        images=read.pixels[:, None],
        labels=read.labels.astype(np.int64),
        classes=CLASSES,
        digest=read.digest,
    )


def class_shares(name: str, folder: Path | None, split: str) -> NDArray[np.float64]:
    """What share of the split's images each class has, (classes,); raises as its reader does."""
    if name in BALANCED:
        return np.full(BALANCED[name], 1 / BALANCED[name])
    read = DATASETS[name](folder, split)
    return np.bincount(read.labels, minlength=len(read.classes)) / len(read.labels)
