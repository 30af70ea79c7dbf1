"""The rows that can answer a question, and the answers: which are on the front, which are best."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from search_service.domain.judged.axis import Need
from search_service.domain.judged.growing import with_room
from search_service.domain.judged.places import Places
from search_service.domain.kept import kept
from search_service.domain.spec import Constraint, Op

Rows = NDArray[np.int64]

_ONE_BY_ONE = 5000  # new rows, before all are looked at anew
_STRIDE = 97  # one row in so many is looked at to guess where the least values end


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

    def by_age(self, rows: Sequence[int]) -> list[int]: ...

    def shared(self) -> Rows: ...


@dataclass(frozen=True, kw_only=True)
class Bound:
    """A constraint on one of a view's values."""

    column: int
    constraint: Constraint


@dataclass(kw_only=True)
class _Kept:
    """The rows of which a front under some constraints is made, whatever their bounds."""

    rows: Rows
    seen: int  # of the view's `_became`


class View:
    """Of each architecture the latest evaluation that has all values needed; caught up with its
    columns by `Judged.view`.

    A front under constraints is found among few rows: those to which no other row is as good in all
    objectives and constrained values and better in an objective. They are kept, by the signs of the
    constraints, and brought up to date by what came since.
    """

    def __init__(self, judged: Columns, needs: Sequence[Need]) -> None:
        self._judged = judged
        self._needs = needs
        self._columns: list[NDArray[np.float64]] = [np.empty(0) for _ in needs]
        self._eligible = np.zeros(0, dtype=bool)
        self._size = 0  # rows that were looked at
        self._replaced = 0  # of the replaced ones, those that were looked at
        self._became: list[int] = []  # rows that became eligible one by one
        self._kept: dict[tuple[int, ...], _Kept] = {}

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
        for row in [*replaced, *complete.tolist()]:
            self._look_at(int(self._judged.architectures[row]))

    def meeting(self, bounds: Sequence[Bound]) -> NDArray[np.bool_]:
        """Which rows can answer under these bounds, (n,)."""
        mask = self._eligible[: self._size].copy()
        for bound in bounds:
            mask &= _meets(self._column(bound.column), bound.constraint)
        return mask

    def worst(self, columns: int, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
        """The greatest of each of the first columns among some rows, of which there must be one."""
        return np.array(
            [np.max(self._column(i), where=mask, initial=-np.inf) for i in range(columns)]
        )

    def front(self, objectives: int, bounds: Sequence[Bound], mask: NDArray[np.bool_]) -> Rows:
        """The rows of the front over the first columns, among those of `meeting`; equal ones all.

        Sorted by their values, then by their evaluations.
        """
        signs = {bound.column: _sign(bound.constraint) for bound in bounds}
        one_sided = all(signs[b.column] == _sign(b.constraint) for b in bounds) and all(
            sign == 1 for column, sign in signs.items() if column < objectives
        )
        rows = self._keep(objectives, signs)[:] if one_sided else np.flatnonzero(mask)
        rows = rows[mask[rows]]
        costs = self.costs(objectives, rows)
        rows = rows[kept(costs.T, objectives)]
        return self._sorted(objectives, rows)

    def least(self, count: int, mask: NDArray[np.bool_]) -> Rows:
        """Up to so many rows with the least values of the first column, least first."""
        found = np.where(mask, self._column(0), np.inf)
        sample = found[::_STRIDE]
        guess = max(8, 4 * count // _STRIDE)
        if len(sample) > guess:
            limit = np.partition(sample, guess)[guess]
            rows = np.flatnonzero(found <= limit)
            if len(rows) >= count and np.isfinite(limit):
                return self._sorted(1, rows)[:count]
        return self._sorted(1, np.flatnonzero(mask))[:count]

    def costs(self, columns: int, rows: Rows) -> NDArray[np.float64]:
        """Values of the first columns, (n, columns)."""
        return np.stack([self._column(i)[rows] for i in range(columns)], axis=1)

    def _column(self, i: int) -> NDArray[np.float64]:
        return self._columns[i][: self._size]

    def _complete(self, first: int = 0) -> NDArray[np.bool_]:
        complete = np.ones(self._size - first, dtype=bool)
        for i in range(len(self._needs)):
            complete &= ~np.isnan(self._column(i)[first:])
        return complete

    def _look_at_all(self) -> None:
        self._became, self._kept = [], {}
        eligible = self._complete()
        shared = self._judged.shared()
        shared = shared[eligible[shared]]
        architectures = self._judged.architectures[shared]
        older = np.flatnonzero(architectures[:-1] == architectures[1:])
        eligible[shared[older]] = False
        self._eligible[: self._size] = eligible

    def _look_at(self, architecture: int) -> None:
        rows = self._judged.places.of(architecture)
        complete = [r for r in rows if not any(np.isnan(column[r]) for column in self._columns)]
        latest = self._judged.by_age(complete)[-1:]
        for row in rows:
            was, self._eligible[row] = bool(self._eligible[row]), row in latest
            if self._eligible[row] and not was:
                self._became.append(row)

    def _keep(self, objectives: int, signs: dict[int, int]) -> Rows:
        others = {column: sign for column, sign in signs.items() if column >= objectives}
        key = (objectives, *(part for pair in sorted(others.items()) for part in pair))
        known = self._kept.get(key)
        if known is not None and self._eligible[known.rows].all():
            new = np.array(self._became[known.seen :], dtype=np.int64)
            new = np.setdiff1d(new[self._eligible[new]], known.rows)
            if not len(new):
                return known.rows
            rows = np.concatenate([known.rows, new])
        else:
            rows = np.flatnonzero(self._eligible[: self._size])
        costs = [self._column(i)[rows] for i in range(objectives)]
        costs += [sign * self._column(column)[rows] for column, sign in sorted(others.items())]
        rows = rows[kept(np.stack(costs), objectives)]
        self._kept[key] = _Kept(rows=rows, seen=len(self._became))
        return rows

    def _sorted(self, columns: int, rows: Rows) -> Rows:
        keys = [self._judged.ids[rows], *(self._column(i)[rows] for i in reversed(range(columns)))]
        return rows[np.lexsort(keys)]


def _sign(constraint: Constraint) -> int:
    return 1 if constraint.op is Op.LE else -1


def _meets(values: NDArray[np.float64], constraint: Constraint) -> NDArray[np.bool_]:
    within: NDArray[np.bool_] = (
        values <= constraint.value if constraint.op is Op.LE else values >= constraint.value
    )
    return within
