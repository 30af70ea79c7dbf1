"""The growing columns of one supernet."""

from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_service.domain.evaluation import Evaluation
from search_service.domain.judged.axis import Axis, Need
from search_service.domain.judged.block import Block
from search_service.domain.judged.growing import with_room
from search_service.domain.judged.ordered import Ordered, Rows
from search_service.domain.judged.places import Places
from search_service.domain.judged.remembered import Remembered
from search_service.domain.judged.view import View

_VIEWS = 16  # kept, of the questions asked last
_ORDERS = 8  # kept, of the values asked for last


class Judged:
    """Rows of measured evaluations, in the order in which they became known; not for two threads
    at once.

    A row of an evaluation that is there already replaces the earlier one, which then has no values.
    """

    def __init__(self) -> None:
        self.size = 0
        self.replaced: list[int] = []  # rows, in the order in which they were
        self.places = Places()
        self._shared: NDArray[np.int64] = np.empty(0, np.int64)
        self._ids: NDArray[np.bytes_] = np.empty(0, "S1")
        self._architectures: NDArray[np.uint64] = np.empty(0, np.uint64)
        self._values: dict[Axis, NDArray[np.float64]] = {}
        self._counts: Counter[Axis] = Counter()  # of values that are not replaced
        self._views: OrderedDict[tuple[Need, ...], View] = OrderedDict()
        self._ordered: OrderedDict[Need, Ordered] = OrderedDict()
        self._remembered = Remembered()

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

    def ordered(self, need: Need) -> Ordered:
        """The rows by what answers a need, which is the same in all views."""
        ordered = self._ordered.setdefault(need, Ordered())
        self._ordered.move_to_end(need)
        while len(self._ordered) > _ORDERS:
            self._ordered.popitem(last=False)
        return ordered

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

    def evaluations(
        self,
        rows: Rows,
        read: Callable[[Sequence[str]], Sequence[Evaluation]],
        show: Callable[[Evaluation], Evaluation],
        *,
        way: Hashable,
    ) -> list[Evaluation]:
        """Those of some rows, in order; `read` gives evaluations by their ids, in any order. See
        `Remembered.of`."""

        def found(places: list[int]) -> list[Evaluation]:
            ids = [id_.decode() for id_ in self._ids[rows[places]].tolist()]
            by_id = {evaluation.id: evaluation for evaluation in read(ids)}
            return [by_id[id_] for id_ in ids]

        return self._remembered.of(rows, found, show, way=way)

    def by_age(self, rows: Sequence[int]) -> list[int]:
        """By evaluation id, then by row."""
        return sorted(rows, key=lambda row: (self._ids[row], row))

    def shared(self) -> list[NDArray[np.int64]]:
        """Rows whose architecture has several, by architecture, then by age: those that are sorted,
        then all of the architectures that came since."""
        return [self._shared, self._aged(self.places.recent(self.architectures))]

    def _find_replaced(self) -> None:
        """Take the values of evaluations that have a later row."""
        first = self.places.size
        if first == self.size:
            return
        if self.places.has_room(self.size - first):
            for row in range(first, self.size):
                architecture = int(self._architectures[row])
                others = np.array(self.places.of(architecture), dtype=np.int64)
                same = others[self._ids[others] == self._ids[row]]
                if len(same):
                    self._replace(same)
                self.places.add(architecture)
        else:
            self.places.sort(self.architectures)
            self._shared = rows = self._aged(self.places.shared())
            same = (self.architectures[rows[1:]] == self.architectures[rows[:-1]]) & (
                self.ids[rows[1:]] == self.ids[rows[:-1]]
            )
            known = np.array(self.replaced, dtype=np.int64)
            self._replace(np.setdiff1d(rows[:-1][same], known))

    def _aged(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows that are by architecture, then ascending: by architecture, then by age. Most are
        so already, and ids are slow to sort."""
        architectures, ids = self.architectures[rows], self.ids[rows]
        same = architectures[1:] == architectures[:-1]
        wrong = architectures[1:][same & (ids[1:] < ids[:-1])]
        places = np.flatnonzero(np.isin(architectures, wrong))
        order = np.lexsort((rows[places], ids[places], architectures[places]))
        rows[places] = rows[places[order]]
        return rows

    def _replace(self, rows: NDArray[Any]) -> None:
        self.replaced.extend(rows.tolist())
        for axis, column in self._values.items():
            self._counts[axis] -= int(np.count_nonzero(~np.isnan(column[rows])))
            column[rows] = np.nan
