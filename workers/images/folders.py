"""A user's own images as data sets: pairs, two domains, or a folder per label.

Images are read as they are: a folder's images must all have one size and one number of channels.
Of each ten files in the order of their names eight train, one is for search, one for the test.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from search_service.errors import InvalidFile
from workers.images.datasets import DATASETS, LabelledSet
from workers.images.domains import DOMAINS, Domains, domains
from workers.images.files import image_files, read_images
from workers.images.splits import check_split, tenths

T = TypeVar("T")


@DOMAINS.register("folder-of-pairs")
def folder_of_pairs(folder: Path | None, split: str) -> Domains:
    """`A` holds the inputs, `B` the targets, under the same file names but for the ending.

    Raises InvalidFile as `read_images` does, or naming a file without its other half.
    """
    a, b, pairs = paired_names(folder)
    kept = split_names(pairs, split, a)
    first, second = (read_images([pairs[name][side] for name in kept]) for side in (0, 1))
    _check_sides(first, second, a, b)
    return domains(first, second, paired=True)


@DOMAINS.register("two-folders")
def two_folders(folder: Path | None, split: str) -> Domains:
    """`A` holds the inputs, `B` the targets, as many of each as there are; names mean nothing."""
    a, b = _two(folder)
    first, second = (read_images(_of_split(image_files(side), split, side)) for side in (a, b))
    _check_sides(first, second, a, b)
    return domains(first, second, paired=False)


@DATASETS.register("folder-per-label")
def folder_per_label(folder: Path | None, split: str) -> LabelledSet:
    """A subfolder per class, classes in the order of their names.

    Raises InvalidFile when there is no subfolder, as `read_images` does, and when classes differ in
    size or channels.
    """
    if folder is None:
        raise InvalidFile("say which folder: it must hold a subfolder per label")
    if not folder.is_dir():
        raise InvalidFile(f"no folder at {folder}")
    subfolders = sorted(path for path in folder.iterdir() if path.is_dir())
    if not subfolders:
        raise InvalidFile(f"{folder} holds no subfolder: one per label is wanted")
    parts = [read_images(_of_split(image_files(path), split, path)) for path in subfolders]
    for part, path in zip(parts, subfolders, strict=True):
        if part.shape[1:] != parts[0].shape[1:]:
            raise InvalidFile(
                f"the images of {path} are (channels, height, width) {part.shape[1:]}, those of "
                f"{subfolders[0]} {parts[0].shape[1:]}"
            )
    images = np.concatenate(parts)
    labels = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return LabelledSet(
        images=images,
        labels=labels,
        classes=tuple(path.name for path in subfolders),
        digest=hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest(),
    )


def paired_names(folder: Path | None) -> tuple[Path, Path, dict[str, tuple[Path, Path]]]:
    """The subfolders A and B, and by name, in order, a file of each.

    Raises InvalidFile, naming a file without its other half.
    """
    a, b = _two(folder)
    inputs, targets = ({path.stem: path for path in image_files(side)} for side in (a, b))
    for here, there, side in ((inputs, targets, b), (targets, inputs, a)):
        alone = sorted(here.keys() - there.keys())
        if alone:
            raise InvalidFile(f"{here[alone[0]]} has no other half: no {alone[0]}.* in {side}")
    return a, b, {name: (inputs[name], targets[name]) for name in sorted(inputs)}


def split_names(pairs: Mapping[str, object], split: str, folder: Path) -> list[str]:
    """The names that belong to a split. Raises UnknownName, and InvalidFile when none does."""
    return _of_split(list(pairs), split, folder)


def _two(folder: Path | None) -> tuple[Path, Path]:
    if folder is None:
        raise InvalidFile("say which folder: it must hold the subfolders A and B")
    return folder / "A", folder / "B"


def _of_split(files: list[T], split: str, folder: Path) -> list[T]:
    check_split(split)
    kept = [files[place] for place in tenths(len(files), split)]
    if not kept:
        raise InvalidFile(f"{folder} has {len(files)} images, too few for a {split} split: 10")
    return kept


def _check_sides(a: NDArray[np.uint8], b: NDArray[np.uint8], first: Path, second: Path) -> None:
    if a.shape[2:] != b.shape[2:]:
        raise InvalidFile(
            f"the images of {first} are {a.shape[3]}x{a.shape[2]}, "
            f"those of {second} {b.shape[3]}x{b.shape[2]}: they must have one size"
        )
