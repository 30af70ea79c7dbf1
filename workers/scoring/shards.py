"""Numbered shards of features, made anywhere, in any order, and put together in the order of their
numbers: the result has the same bits for any number of workers.

A shard that is lost is made again by its number; one that is missing, short or damaged is never
passed over.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from search_service.errors import MeasurementFailed

ROWS = {"real": 500, "fake": 512}  # images of a shard; the real ones' as statistics are made


class Side(StrEnum):
    """Whose images."""

    REAL = "real"
    FAKE = "fake"


@dataclass(frozen=True, kw_only=True, order=True)
class ShardName:
    """Which shard: images `start` to before `stop` of a side."""

    side: Side
    index: int
    start: int
    stop: int

    def __str__(self) -> str:
        return f"{self.side}-{self.index:06d}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Shard:
    """Features (stop - start, d) and the SHA-256 of their bytes as they were made."""

    name: ShardName
    features: NDArray[np.float32]
    digest: str

    @classmethod
    def of(cls, name: ShardName, features: NDArray[np.float32]) -> "Shard":
        """With its digest."""
        return cls(name=name, features=features, digest=digest_of(features))


def digest_of(features: NDArray[np.float32]) -> str:
    """SHA-256 of shape and bytes."""
    shape = f"{features.shape}".encode()
    return hashlib.sha256(shape + np.ascontiguousarray(features).tobytes()).hexdigest()


def plan(side: Side, count: int) -> list[ShardName]:
    """The shards of `count` images: every image in exactly one."""
    size = ROWS[side]
    return [
        ShardName(side=side, index=i, start=start, stop=min(start + size, count))
        for i, start in enumerate(range(0, count, size))
    ]


def missing(names: Iterable[ShardName], shards: Iterable[Shard]) -> list[ShardName]:
    """What is to be made still, or again: no whole shard of that name is there."""
    whole = {shard.name for shard in shards if is_whole(shard)}
    return [name for name in names if name not in whole]


def is_whole(shard: Shard) -> bool:
    """Whether it has all its rows, as they were made."""
    rows = shard.name.stop - shard.name.start
    return len(shard.features) == rows and digest_of(shard.features) == shard.digest


def in_order(names: Sequence[ShardName], shards: Iterable[Shard]) -> list[NDArray[np.float32]]:
    """The features of exactly these shards, by number; one that came twice counts once.

    Raises MeasurementFailed when one is missing or damaged, or two of one name differ.
    """
    found: dict[ShardName, Shard] = {}
    for shard in shards:
        other = found.setdefault(shard.name, shard)
        if other.digest != shard.digest:
            raise MeasurementFailed(
                f"shard {shard.name} was made twice with different features: "
                f"{other.digest} and {shard.digest}"
            )
    lost = missing(names, found.values())
    if lost:
        raise MeasurementFailed(f"{len(lost)} shards are missing or damaged, first {lost[0]}")
    return [found[name].features for name in sorted(names)]
