"""Which images are trained on, which a search judges by, and which only the last word.

Splits are disjoint and depend on an image's place in its data set alone.
"""

import numpy as np
from numpy.typing import NDArray

from search_service.errors import UnknownName

SPLITS = ("train", "search", "test")


def check_split(split: str) -> None:
    """Raises UnknownName unless it is one of SPLITS."""
    if split not in SPLITS:
        raise UnknownName(f"unknown split {split!r}; known: {', '.join(SPLITS)}")


def held_out_places(count: int, split: str, *, every: int) -> NDArray[np.intp]:
    """The places in a training set of `count` images: the last of each `every` is for search."""
    places = np.arange(count)
    searched = places % every == every - 1
    return np.flatnonzero(searched if split == "search" else ~searched)


def tenths(count: int, split: str) -> NDArray[np.intp]:
    """The places when all images come as one: of each ten, eight train, one searches, one tests."""
    places = np.arange(count)
    kind = np.array([0] * 8 + [1, 2])[places % 10]
    return np.flatnonzero(kind == SPLITS.index(split))
