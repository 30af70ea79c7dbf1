"""The growing columns of one supernet."""

from collections import Counter, OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_service.domain.judged.axis import Axis, Need
from search_service.domain.judged.block import Block
from search_service.domain.judged.growing import with_room
from search_service.domain.judged.places import Places
from search_service.domain.judged.view import View

_VIEWS = 16  # kept, of the questions asked last


class Judged:
    """Rows of measured evaluations, in the order in which they became known; not for two threads
    at once.

    A row of an evaluation that is there already replaces the earlier one, which then has no values.
    """

    def __init__(self) -> None:
        self.size = 0
        self.replaced: list[int] = []  # rows, in the order in which they were
        self.places = Places()
        self._ids: NDArray[np.bytes_] = np.empty(0, "S1")
        self._architectures: NDArray[np.uint64] = np.empty(0, np.uint64)
        self._values: dict[Axis, NDArray[np.float64]] = {}
        self._counts: Counter[Axis] = Counter()  # of values that are not replaced
        self._views: OrderedDict[tuple[Need, ...], View] = OrderedDict()

    @property
    def ids(self) -> NDArray[np.bytes_]:
        """Of the evaluations, (size,)."""
        return self._ids[: self.size]

    @property
    def architectures(self) -> NDArray[np.uint64]:
        """Digests, (size,)."""
        return self._architectures[: self.size]

    def append(self, block: Block) -> None:
        """Know these rows too."""
        first, self.size = self.size, self.size + len(block)
        if block.ids.dtype.itemsize > self._ids.dtype.itemsize:
            self._ids = self._ids.astype(block.ids.dtype)
        self._ids = with_room(self._ids, self.size)
        self._architectures = with_room(self._architectures, self.size)
        self._ids[first : self.size] = block.ids
        self._architectures[first : self.size] = block.architectures
        for axis in self._values.keys() | block.values.keys():
            column = self._values.get(axis, np.empty(0))
            column = with_room(column, self.size, np.nan)
            column[first : self.size] = block.column(axis)
            self._values[axis] = column
            self._counts[axis] += int(np.count_nonzero(~np.isnan(block.column(axis))))

    def protocol(self, name: str) -> str | None:
        """Of an objective's values the protocol with the most samples; among equals the one with
        the most values. None where there is no value."""
        samples: dict[str, int] = {}
        counts: dict[str, int] = {}
        self._find_replaced()
        for axis, count in self._counts.items():
            if axis.name == name and count:
                samples[axis.protocol] = max(samples.get(axis.protocol, 0), axis.samples)
                counts[axis.protocol] = counts.get(axis.protocol, 0) + count
        return max(samples, key=lambda d: (samples[d], counts[d], d), default=None)

    def values(self, need: Need, rows: slice) -> NDArray[np.float64]:
        """What answers a need, (n,); NaN where nothing does."""
        found = np.full(len(range(*rows.indices(self.size))), np.nan)
        for axis in reversed(need.axes(self._values)):
            column = self._values[axis][rows]
            np.copyto(found, column, where=~np.isnan(column))
        return found

    def view(self, needs: Sequence[Need]) -> View:
        """The rows with all of these values, one an architecture."""
        key = tuple(needs)
        self._find_replaced()
        if key not in self._views:
            self._views[key] = View(self, key)
        self._views.move_to_end(key)
        while len(self._views) > _VIEWS:
            self._views.popitem(last=False)
        self._views[key].catch_up()
        return self._views[key]

    def by_age(self, rows: Sequence[int]) -> list[int]:
        """By evaluation id, then by row."""
        return sorted(rows, key=lambda row: (self._ids[row], row))

    def shared(self) -> NDArray[np.int64]:
        """Rows whose architecture has several: by architecture, then by age."""
        if not self.places.is_sorted(self.size):
            self.places.sort(self.architectures)
        rows = self.places.shared()
        return rows[np.lexsort((rows, self.ids[rows], self.architectures[rows]))]

    def _find_replaced(self) -> None:
        """Take the values of evaluations that have a later row."""
        first = self.places.size
        if first == self.size:
            return
        if self.places.has_room(self.size - first):
            for row in range(first, self.size):
                architecture = int(self._architectures[row])
                for other in self.places.of(architecture):
                    if self._ids[other] == self._ids[row]:
                        self._replace(np.array([other]))
                self.places.add(architecture)
        else:
            rows = self.shared()
            same = (self.architectures[rows[1:]] == self.architectures[rows[:-1]]) & (
                self.ids[rows[1:]] == self.ids[rows[:-1]]
            )
            self._replace(rows[:-1][same])

    def _replace(self, rows: NDArray[Any]) -> None:
        self.replaced.extend(rows.tolist())
        for axis, column in self._values.items():
            self._counts[axis] -= int(np.count_nonzero(~np.isnan(column[rows])))
            column[rows] = np.nan
