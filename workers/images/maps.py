"""A user's label maps with the photographs they describe, for generators that paint maps."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search_service.errors import InvalidFile
from search_service.registry import Registry
from workers.images.files import image_files, read_images, read_instances, read_labels
from workers.images.folders import paired_names, split_names

INSTANCES = "instances"  # the subfolder of instance maps


@dataclass(frozen=True, kw_only=True, eq=False)
class Maps:
    """Row i of the maps describes row i of the photographs. `digest` is the SHA-256 of both."""

    maps: NDArray[np.uint8]  # (n, 1 or 2, h, w): labels, and the edges of instances (0 or 1)
    photographs: NDArray[np.uint8]  # (n, c, h, w)
    digest: str


# Each reads a split ("train", "search" or "test") from a folder.
MAPS: Registry[Callable[[Path | None, str], Maps]] = Registry("dataset of label maps")


@MAPS.register("folder-of-maps")
def folder_of_maps(folder: Path | None, split: str) -> Maps:
    """`A` holds label maps, one class per level, 255 for unknown; `B` the photographs; `instances`,
    if it is there, maps in which each object has a level of its own. File names are the same but
    for the ending.

    Raises InvalidFile as `folder_of_pairs` does.
    """
    a, b, pairs = paired_names(folder)
    kept = split_names(pairs, split, a)
    maps = read_labels([pairs[name][0] for name in kept])
    photographs = read_images([pairs[name][1] for name in kept])
    if maps.shape[2:] != photographs.shape[2:]:
        raise InvalidFile(f"{a} and {b} must hold images of one size")
    instances = a.parent / INSTANCES
    if instances.is_dir():
        files = {path.stem: path for path in image_files(instances)}
        missing = [name for name in kept if name not in files]
        if missing:
            raise InvalidFile(f"no {missing[0]}.* in {instances}: each map needs one, or none")
        objects = read_instances([files[name] for name in kept])
        if objects.shape != maps.shape:
            raise InvalidFile(f"{a} and {instances} must hold images of one size")
        maps = np.concatenate([maps, edges_of(objects)], axis=1)
    content = b"".join(f"{x.shape}".encode() + x.tobytes() for x in (maps, photographs))
    return Maps(maps=maps, photographs=photographs, digest=hashlib.sha256(content).hexdigest())


def edges_of(objects: NDArray[np.int32]) -> NDArray[np.uint8]:
    """1 where a pixel differs from the one above, below, left or right; same shape (…, h, w)."""
    edges = np.zeros(objects.shape, np.uint8)
    down = objects[..., 1:, :] != objects[..., :-1, :]
    right = objects[..., 1:] != objects[..., :-1]
    for side in (edges[..., 1:, :], edges[..., :-1, :]):
        side |= down
    for side in (edges[..., 1:], edges[..., :-1]):
        side |= right
    return edges
