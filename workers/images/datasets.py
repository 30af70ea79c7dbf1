"""The data sets by name: what a supernet's `dataset` may be."""

from collections.abc import Callable
from pathlib import Path

from search_service.registry import Registry
from workers.images.fashion_mnist import LabelledImages, read_fashion_mnist

# Each reads a split ("train" or "test") from a folder; None means the usual place.
DATASETS: Registry[Callable[[Path | None, str], LabelledImages]] = Registry("dataset")


@DATASETS.register("fashion-mnist-32")
def fashion_mnist_32(folder: Path | None, split: str) -> LabelledImages:
    """Fashion-MNIST with a border of zeros; see `read_fashion_mnist`."""
    return read_fashion_mnist(folder, split=split)
