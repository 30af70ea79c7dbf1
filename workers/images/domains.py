"""Data for image-to-image generators: two domains of images, by the name of the data set."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search_service.registry import Registry
from workers.images.edges import edges
from workers.images.fashion_mnist import LabelledImages, read_fashion_mnist
from workers.images.splits import check_split, held_out_places

SNEAKER, ANKLE_BOOT = 7, 9  # Fashion-MNIST's classes
HELD_OUT_EVERY = 12  # one in twelve of its 60,000 training images is kept for search: 5,000


@dataclass(frozen=True, kw_only=True, eq=False)
class Domains:
    """Inputs and targets, uint8 (n, c, h, w) each. `paired`: row i of one belongs to row i of the
    other; otherwise their counts may differ. `digest` is the SHA-256 of both."""

    inputs: NDArray[np.uint8]
    targets: NDArray[np.uint8]
    paired: bool
    digest: str


def domains(inputs: NDArray[np.uint8], targets: NDArray[np.uint8], *, paired: bool) -> Domains:
    """Two arrays with their digest."""
    both = b"".join(f"{array.shape}".encode() + array.tobytes() for array in (inputs, targets))
    digest = hashlib.sha256(both).hexdigest()
    return Domains(inputs=inputs, targets=targets, paired=paired, digest=digest)


# Each reads a split ("train", "search" or "test") from a folder; None means the usual place.
DOMAINS: Registry[Callable[[Path | None, str], Domains]] = Registry("image-to-image dataset")


@DOMAINS.register("fashion-mnist-edges")
def fashion_mnist_edges(folder: Path | None, split: str) -> Domains:
    """Photographs of clothing at 32x32 and, as inputs, their edges; see `edges`.

    "search" is every twelfth of the 60,000 training images, "train" the others, "test" the 10,000
    test images. Raises as `read_fashion_mnist` does.
    """
    photographs = _read(folder, split).pixels
    return domains(edges(photographs)[:, None], photographs[:, None], paired=True)


@DOMAINS.register("fashion-mnist-boots")
def fashion_mnist_boots(folder: Path | None, split: str) -> Domains:
    """Sneakers as inputs, ankle boots as targets, 32x32; splits as for `fashion_mnist_edges`."""
    clothing = _read(folder, split)
    sneakers, boots = (
        clothing.pixels[clothing.labels == label][:, None] for label in (SNEAKER, ANKLE_BOOT)
    )
    return domains(sneakers, boots, paired=False)


def _read(folder: Path | None, split: str) -> LabelledImages:
    check_split(split)
    if split == "test":
        return read_fashion_mnist(folder, split=split)
    everything = read_fashion_mnist(folder, split="train")
    places = held_out_places(len(everything.labels), split, every=HELD_OUT_EVERY)
    pixels, labels = everything.pixels[places], everything.labels[places]
    return LabelledImages(pixels=pixels, labels=labels, digest=everything.digest)
