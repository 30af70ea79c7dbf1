"""Some evaluations as columns, and the bytes that they are stored as."""

import hashlib
import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import lru_cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from search_service.domain.evaluation import Evaluation
from search_service.domain.judged.axis import Axis, axes_of

_LENGTH = 4  # bytes that say how long the header is
_FIELDS = ("name", "device", "protocol", "samples", "final")


@dataclass(frozen=True, kw_only=True)
class Block:
    """n rows. An evaluation that was measured again has a later row too, which holds all of it."""

    ids: NDArray[np.bytes_]  # (n,)
    architectures: NDArray[np.uint64]  # (n,), digests of their texts
    values: Mapping[Axis, NDArray[np.float64]]  # (n,) each, NaN where there is none

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, evaluations: Sequence[Evaluation]) -> Self:
        """One row each, in order."""
        rows = [axes_of(evaluation) for evaluation in evaluations]
        axes = sorted(set().union(*rows))
        return cls(
            ids=np.array([evaluation.id.encode() for evaluation in evaluations], dtype=np.bytes_),
            architectures=np.array(
                [_digest(evaluation.architecture) for evaluation in evaluations], dtype=np.uint64
            ),
            values={axis: np.array([row.get(axis, np.nan) for row in rows]) for axis in axes},
        )

    @classmethod
    def joined(cls, blocks: Sequence["Block"]) -> Self:
        """All their rows, in order."""
        axes = sorted({axis for block in blocks for axis in block.values})
        return cls(
            ids=np.concatenate([block.ids for block in blocks]),
            architectures=np.concatenate([block.architectures for block in blocks]),
            values={
                axis: np.concatenate([block.column(axis) for block in blocks]) for axis in axes
            },
        )

    def column(self, axis: Axis) -> NDArray[np.float64]:
        """The values of an axis, (n,)."""
        there = self.values.get(axis)
        return np.full(len(self), np.nan) if there is None else there

    def rows(self, chosen: slice | NDArray[Any]) -> Self:
        """Some of its rows."""
        return type(self)(
            ids=self.ids[chosen],
            architectures=self.architectures[chosen],
            values={axis: column[chosen] for axis, column in self.values.items()},
        )

    def row(self, i: int) -> Self:
        """One of its rows, as a block that was made of it alone."""
        return type(self)(
            ids=np.array([self.ids[i]], dtype=np.bytes_),
            architectures=self.architectures[i : i + 1],
            values={
                axis: column[i : i + 1]
                for axis, column in self.values.items()
                if not np.isnan(column[i])
            },
        )

    def split(self, size: int) -> Iterator[Self]:
        """Blocks of `size` rows each, but for the last."""
        for start in range(0, len(self), size):
            yield self.rows(slice(start, start + size))

    def to_bytes(self) -> bytes:
        """A header in JSON, then the arrays, little-endian."""
        axes = list(self.values)
        header = _header(len(self), self.ids.dtype.itemsize, axes)
        arrays = [self.ids.tobytes(), self.architectures.astype("<u8").tobytes()]
        arrays += [self.values[axis].astype("<f8").tobytes() for axis in axes]
        return b"".join([header, *arrays])

    @classmethod
    def from_bytes(cls, stored: bytes) -> Self:
        """The inverse of `to_bytes`."""
        start = _LENGTH + int.from_bytes(stored[:_LENGTH], "little")
        header = json.loads(stored[_LENGTH:start])
        n, width = header["rows"], header["id_bytes"]
        ids = np.frombuffer(stored, f"S{width}", count=n, offset=start)
        start += n * width
        columns = [
            np.frombuffer(stored, kind, count=n, offset=start + 8 * n * i)
            for i, kind in enumerate(["<u8", *["<f8"] * len(header["axes"])])
        ]
        axes = [Axis(**dict(zip(_FIELDS, fields, strict=True))) for fields in header["axes"]]
        return cls(
            ids=ids, architectures=columns[0], values=dict(zip(axes, columns[1:], strict=True))
        )


def row_bytes(evaluation: Evaluation) -> bytes:
    """`Block.of([evaluation]).to_bytes()`, sooner: whoever records an evaluation makes one."""
    values = axes_of(evaluation)
    axes = sorted(values)
    id_ = evaluation.id.encode()
    header = _row_header(len(id_), tuple(axes))
    numbers = struct.pack(
        f"<Q{len(axes)}d", _digest(evaluation.architecture), *(values[axis] for axis in axes)
    )
    return header + id_ + numbers


@lru_cache(maxsize=256)
def _row_header(id_bytes: int, axes: tuple[Axis, ...]) -> bytes:
    return _header(1, id_bytes, axes)


def _header(rows: int, id_bytes: int, axes: Sequence[Axis]) -> bytes:
    header = json.dumps(
        {"rows": rows, "id_bytes": id_bytes, "axes": [astuple(axis) for axis in axes]},
        separators=(",", ":"),
    ).encode()
    return len(header).to_bytes(_LENGTH, "little") + header


def _digest(architecture: str) -> int:
    """64 bits: of a million architectures two are taken for one with odds of 1 to 37 million."""
    return int.from_bytes(hashlib.blake2b(architecture.encode(), digest_size=8).digest(), "little")
