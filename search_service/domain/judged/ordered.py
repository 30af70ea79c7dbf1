"""Rows in the order of a growing column's values: the least and the greatest are found without a
look at all."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]

_RECENT = 4096  # rows that are looked at all, before they are sorted in
_FIRST_PART = 1024  # rows that are given at once; each part is twice as long as the one before


class Ordered:
    """A row's value never changes; one that is replaced keeps its place."""

    def __init__(self) -> None:
        self._rows: NDArray[np.int32] = np.empty(0, np.int32)
        self._values: NDArray[np.float64] = np.empty(0)  # theirs, ascending
        self._sorted = 0  # rows from here on came since
        self._size = 0

    def catch_up(self, column: NDArray[np.float64]) -> None:
        """Know the column's new rows. NaN: a row without a value, which is in no order."""
        self._size = len(column)
        if self._size - self._sorted <= _RECENT:
            return
        rows = np.flatnonzero(~np.isnan(column[self._sorted :])) + self._sorted
        rows = rows[np.argsort(column[rows], kind="stable")].astype(np.int32)
        places = np.searchsorted(self._values, column[rows], side="right")
        self._rows = np.insert(self._rows, places, rows)
        self._values = np.insert(self._values, places, column[rows])
        self._sorted = self._size

    def recent(self) -> Rows:
        """Those that are not sorted in."""
        return np.arange(self._sorted, self._size)

    def ascending(self) -> Iterator[Rows]:
        """The others, some at a time: those with the least values first."""
        for start, end in _parts(len(self._rows)):
            yield self._rows[start:end].astype(np.int64)

    def descending(self, at_most: float = np.inf) -> Iterator[Rows]:
        """The others whose values are not above `at_most`: those with the greatest first."""
        count = int(np.searchsorted(self._values, at_most, side="right"))
        for start, end in _parts(count):
            yield self._rows[count - end : count - start].astype(np.int64)


def _parts(count: int) -> Iterator[tuple[int, int]]:
    start, size = 0, _FIRST_PART
    while start < count:
        end = min(start + size, count)
        yield start, end
        start, size = end, 2 * size
