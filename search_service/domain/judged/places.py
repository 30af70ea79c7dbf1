"""Where each architecture's rows are."""

import numpy as np
from numpy.typing import NDArray

_RECENT = 20_000  # rows that are looked up one by one, before all are sorted anew


class Places:
    """Most rows sorted by architecture, those that came since in a dict."""

    def __init__(self) -> None:
        self._sorted: NDArray[np.uint64] = np.empty(0, np.uint64)
        self._rows: NDArray[np.int64] = np.empty(0, np.int64)  # of those, in that order
        self._recent: dict[int, list[int]] = {}
        self.size = 0

    def has_room(self, more: int) -> bool:
        """Whether so many may be added one by one."""
        return self.size - len(self._rows) + more <= _RECENT

    def add(self, architecture: int) -> int:
        """The next row's place; returned."""
        row = self.size
        self._recent.setdefault(architecture, []).append(row)
        self.size += 1
        return row

    def of(self, architecture: int) -> list[int]:
        """Its rows, ascending."""
        first, end = (
            int(np.searchsorted(self._sorted, np.uint64(architecture), side=side))
            for side in ("left", "right")
        )
        return [*self._rows[first:end].tolist(), *self._recent.get(architecture, [])]

    def sort(self, architectures: NDArray[np.uint64]) -> None:
        """Know all rows anew, by their architectures."""
        self._rows = np.argsort(architectures, kind="stable")
        self._sorted = architectures[self._rows]
        self._recent = {}
        self.size = len(architectures)

    def shared(self) -> NDArray[np.int64]:
        """Of the sorted rows, those whose architecture has several; one architecture after another,
        ascending."""
        same = self._sorted[1:] == self._sorted[:-1]
        several = np.zeros(len(self._sorted), dtype=bool)
        several[1:] |= same
        several[:-1] |= same
        return self._rows[several]

    def recent(self, architectures: NDArray[np.uint64]) -> NDArray[np.int64]:
        """All rows of the architectures that came one by one since, by these, then ascending."""
        came = np.array(list(self._recent), dtype=np.uint64)
        first, end = (np.searchsorted(self._sorted, came, side=side) for side in ("left", "right"))
        before = [self._rows[a:b] for a, b in zip(first.tolist(), end.tolist(), strict=True)]
        own = [row for rows in self._recent.values() for row in rows]
        rows = np.concatenate([np.array(own, dtype=np.int64), *before])
        return rows[np.lexsort((rows, architectures[rows]))]
