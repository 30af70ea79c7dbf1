"""The rows that can answer a question, and the answers: which are on the front, which are best."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from search_service.domain.judged.axis import Need
from search_service.domain.judged.growing import with_room
from search_service.domain.judged.meeting import Meeting, meets
from search_service.domain.judged.ordered import Ordered, Rows
from search_service.domain.judged.places import Places
from search_service.domain.kept import kept, sets_aside
from search_service.domain.spec import Constraint, Op

_ONE_BY_ONE = 5000  # new rows, before all are looked at anew

Signs = tuple[tuple[int, int], ...]  # columns, each with 1 where less is better, or -1


class Columns(Protocol):
    """What a view is of; see `Judged`."""

    size: int
    replaced: list[int]
    places: Places

    @property
    def ids(self) -> NDArray[np.bytes_]: ...

    @property
    def architectures(self) -> NDArray[np.uint64]: ...

    def values(self, need: Need, rows: slice) -> NDArray[np.float64]: ...

    def ordered(self, need: Need) -> Ordered: ...

    def by_age(self, rows: Sequence[int]) -> list[int]: ...

    def shared(self) -> Sequence[Rows]: ...


@dataclass(frozen=True, kw_only=True)
class Bound:
    """A constraint on one of a view's values."""

    column: int
    constraint: Constraint


@dataclass(kw_only=True)
class _Kept:
    """The rows of which a front under some constraints is made, whatever their bounds."""

    rows: Rows
    costs: NDArray[np.float64]  # (m, n), as they were: a row that is replaced loses its values
    seen: int  # of the view's `_became`


class View:
    """Of each architecture the latest evaluation that has all values needed; caught up with its
    columns by `Judged.view`.

    A front under constraints is found among few rows: those to which no other row is as good in all
    objectives and constrained values and better in an objective. They are kept, by the signs of the
    constraints, and brought up to date by what came since. So is the greatest value, where it is
    not among the greatest of all.
    """

    def __init__(self, judged: Columns, needs: Sequence[Need]) -> None:
        self._judged = judged
        self._needs = needs
        self._columns: list[NDArray[np.float64]] = [np.empty(0) for _ in needs]
        self._eligible = np.zeros(0, dtype=bool)
        self._size = 0  # rows that were looked at
        self._replaced = 0  # of the replaced ones, those that were looked at
        self._became: list[int] = []  # rows that became eligible since there was something kept
        self._kept: dict[tuple[int, Signs], _Kept] = {}

    def catch_up(self) -> None:
        """Look at rows that are new or replaced."""
        first, self._size = self._size, self._judged.size
        replaced = self._judged.replaced[self._replaced :]
        self._replaced = len(self._judged.replaced)
        self._eligible = with_room(self._eligible, self._size)
        for i, need in enumerate(self._needs):
            self._columns[i] = with_room(self._columns[i], self._size)
            new = self._judged.values(need, slice(first, self._size))
            self._columns[i][first : self._size] = new
            self._columns[i][replaced] = np.nan
        if self._size - first + len(replaced) > _ONE_BY_ONE:
            self._look_at_all()
            return
        complete = np.flatnonzero(self._complete(first)) + first
        looked_at = np.concatenate([np.array(replaced, dtype=np.int64), complete])
        for architecture in np.unique(self._judged.architectures[looked_at]).tolist():
            self._look_at(architecture, first)

    def meeting(self, bounds: Sequence[Bound]) -> Meeting:
        """Which rows can answer under these bounds."""
        return Meeting(
            self._eligible[: self._size],
            [(self._column(bound.column), bound.constraint) for bound in bounds],
        )

    def worst(self, columns: int, bounds: Sequence[Bound]) -> NDArray[np.float64]:
        """The greatest of each of the first columns among the rows that meet the bounds, of which
        there must be one."""
        meeting = self.meeting(bounds)
        return np.array([self._greatest(i, bounds, meeting) for i in range(columns)])

    def front(self, objectives: int, bounds: Sequence[Bound]) -> Rows:
        """The rows of the front over the first columns, of those that meet the bounds; equal ones
        all.

        Sorted by their values, then by their evaluations.
        """
        compared = _compared([(i, 1) for i in range(objectives)], bounds)
        if compared is None:
            rows = self.meeting(bounds).all()
        else:
            rows = self._keep(compared, objectives, bounds)
        if compared is None or len(compared) > objectives:
            rows = rows[kept(self.costs(objectives, rows).T, objectives)]
        return self._sorted(objectives, rows)

    def least(self, count: int, meeting: Meeting) -> Rows:
        """Up to so many of the rows that meet some bounds, with the least values of the first
        column, least first; of equal ones those of the first evaluations."""
        if meeting.are_few:
            return self._sorted(1, self._least_of(count, meeting.all()))[:count]
        column, ordered = self._column(0), self._ordered(0)
        found = meeting.among(ordered.recent())
        for rows in ordered.ascending():
            found = self._least_of(count, np.concatenate([found, meeting.among(rows)]))
            if len(found) >= count and column[rows[-1]] > column[found].max():
                break
        return self._sorted(1, found)[:count]

    def costs(self, columns: int, rows: Rows) -> NDArray[np.float64]:
        """Values of the first columns, (n, columns)."""
        return np.stack([self._column(i)[rows] for i in range(columns)], axis=1)

    def _column(self, i: int) -> NDArray[np.float64]:
        return self._columns[i][: self._size]

    def _ordered(self, i: int) -> Ordered:
        ordered = self._judged.ordered(self._needs[i])
        ordered.catch_up(self._column(i))
        return ordered

    def _greatest(self, i: int, bounds: Sequence[Bound], meeting: Meeting) -> float:
        compared = _compared([(i, -1)], bounds)
        column, ordered = self._column(i), self._ordered(i)
        if compared is not None and (len(compared), compared) in self._kept:
            return float(column[self._keep(compared, len(compared), bounds)].max())
        limits = [
            bound.constraint.value
            for bound in bounds
            if bound.column == i and bound.constraint.op is Op.LE
        ]
        greatest = column[meeting.among(ordered.recent())].max(initial=-np.inf)
        for rows in ordered.descending(min(limits, default=np.inf)):
            found = meeting.among(rows)
            if not len(found) and meeting.asked_for_many:
                if compared is None:
                    found = meeting.all()
                else:
                    found = self._keep(compared, len(compared), bounds)
            if len(found):
                return float(max(greatest, column[found].max()))
        return float(greatest)

    def _least_of(self, count: int, rows: Rows) -> Rows:
        """Those with the `count` least values of the first column, and all equal to the last."""
        if len(rows) <= count:
            return rows
        values = self._column(0)[rows]
        limit: np.float64 = np.partition(values, count - 1)[count - 1]
        return rows[values <= limit]

    def _complete(self, first: int = 0) -> NDArray[np.bool_]:
        complete = np.ones(self._size - first, dtype=bool)
        for i in range(len(self._needs)):
            complete &= ~np.isnan(self._column(i)[first:])
        return complete

    def _look_at_all(self) -> None:
        complete = self._complete()
        eligible = complete.copy()
        for shared in self._judged.shared():
            rows = shared[complete[shared]]
            architectures = self._judged.architectures[rows]
            eligible[rows[:-1][architectures[:-1] == architectures[1:]]] = False
        if self._kept:
            became = np.flatnonzero(eligible & ~self._eligible[: self._size])
            self._became.extend(became.tolist())
        self._eligible[: self._size] = eligible

    def _look_at(self, architecture: int, first: int) -> None:
        """Rows from `first` on are new. An architecture may have thousands, as searches come back
        to it: while the row that answered stands, only the new ones can take its place."""
        rows = np.array(self._judged.places.of(architecture), dtype=np.int64)
        complete = rows[~np.any([np.isnan(column[rows]) for column in self._columns], axis=0)]
        was = self._eligible[complete]
        if was.any():
            complete = complete[was | (complete >= first)]
        latest = self._judged.by_age(complete.tolist())[-1:]
        is_new = [row for row in latest if not self._eligible[row]]
        self._eligible[rows] = False
        self._eligible[latest] = True
        if self._kept:
            self._became.extend(is_new)

    def _keep(self, compared: Signs, objectives: int, bounds: Sequence[Bound]) -> Rows:
        """Of the rows that are kept for what is compared, the first of it objectives, those that
        meet the bounds."""
        known = self._kept.get((objectives, compared))
        if known is not None:
            known = self._going_on(known, compared, objectives)
        if known is None:
            rows = np.flatnonzero(self._eligible[: self._size])
            costs = self._signed(compared, rows)
            stays = kept(costs, objectives)
            known = _Kept(rows=rows[stays], costs=costs[:, stays], seen=len(self._became))
        self._kept[objectives, compared] = known
        rows = known.rows
        for bound in bounds:
            rows = rows[meets(self._column(bound.column)[rows], bound.constraint)]
        return rows

    def _going_on(self, known: _Kept, compared: Signs, objectives: int) -> _Kept | None:
        """With the rows that came since and without those that went; None where it must be made
        anew.

        A kept row that can answer no more had set others aside. They stay there if a new row is as
        good as it in everything: an architecture that was evaluated again has its values again.
        """
        new = np.unique(np.array(self._became[known.seen :], dtype=np.int64))
        new = np.setdiff1d(new[self._eligible[new]], known.rows)  # one may have gone and come back
        costs = self._signed(compared, new)
        stays = self._eligible[known.rows]
        for lost in known.costs[:, ~stays].T:
            if not np.any(np.all(costs <= lost[:, None], axis=0)):
                return None
        if len(new):
            stays &= ~sets_aside(costs, known.costs, objectives)
            adds = kept(costs, objectives)
            before = known.costs[:, stays]
            adds = adds[~sets_aside(before, costs[:, adds], objectives)]
            known.costs = np.concatenate([before, costs[:, adds]], axis=1)
            known.rows = np.concatenate([known.rows[stays], new[adds]])
        known.seen = len(self._became)
        return known

    def _signed(self, compared: Signs, rows: Rows) -> NDArray[np.float64]:
        """What is compared of some rows, (m, n), less is better."""
        return np.stack([sign * self._column(column)[rows] for column, sign in compared])

    def _sorted(self, columns: int, rows: Rows) -> Rows:
        keys = [self._judged.ids[rows], *(self._column(i)[rows] for i in reversed(range(columns)))]
        return rows[np.lexsort(keys)]


def _compared(targets: Sequence[tuple[int, int]], bounds: Sequence[Bound]) -> Signs | None:
    """What the rows with the best targets under any such bounds are found by: the targets, then
    what is bounded besides. None if a column is good in both directions."""
    signs = dict(targets)
    for bound in bounds:
        sign = _sign(bound.constraint)
        if signs.setdefault(bound.column, sign) != sign:
            return None
    others = sorted(signs.items() - set(targets))
    return (*targets, *others)


def _sign(constraint: Constraint) -> int:
    return 1 if constraint.op is Op.LE else -1
