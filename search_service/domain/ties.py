"""Which of many values noise cannot tell from each other: `paired.tied`, of all pairs at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from search_service.domain.evaluation import Value
from search_service.domain.paired import LEVEL, STANDARD_ERRORS, half_width, tied
from search_service.domain.resampling import Resampling

_SURE = 1e-9  # of what is compared: nearer than that rounding might decide, and pairs go one by one
_AT_ONCE = 64  # neighbours by value, compared with all that might be tied with one of them

Places = NDArray[np.int64]
Matrix = NDArray[np.float64]

_NONE: Places = np.empty(0, np.int64)


def all_ties(values: Sequence[Value]) -> list[Places]:
    """At i the other places whose values, all finite, are `tied` with `values[i]`, ascending.

    A difference spreads at most as far as the two together, so most pairs are too far apart to be
    looked at.
    """
    found = [_NONE for _ in values]
    if all(value.high is None for value in values):
        return found
    known = [_known(_Itself(value)) for value in values]
    exact = np.array([each.is_exact for each in known], dtype=bool)
    numbers = np.array([each.number for each in known])
    halves = np.array([each.half for each in known])
    groups = [_Together(known, members) for members in _together(known)]
    reach = np.maximum.reduce([halves, *(group.reach for group in groups)])
    reach += 1e-6 * reach + 1e-12 * np.abs(numbers)  # for what rounding does
    low, high = numbers - reach, numbers + reach
    order = np.argsort(numbers)
    for start in range(0, len(order), _AT_ONCE):
        rows = order[start : start + _AT_ONCE]
        columns = np.flatnonzero((high >= low[rows].min()) & (low <= high[rows].max()))
        margins = np.square(halves[rows])[:, None] + np.square(halves[columns])  # squared
        scales = margins.copy()  # of the terms that they are made of
        for group in groups:
            group.put(rows, columns, margins, scales)
        gaps = np.square(numbers[rows][:, None] - numbers[columns])
        near = gaps <= margins
        others = rows[:, None] != columns
        # What is equal is tied, by whatever margin.
        unsure = others & (gaps > 0) & (np.abs(gaps - margins) <= _SURE * (gaps + scales))
        if unsure.any():
            for i, j in np.argwhere(unsure).tolist():
                near[i, j] = tied(values[rows[i]], values[columns[j]])
        near &= others & ~(exact[rows][:, None] & exact[columns])
        _enter(found, rows, columns, near)
    return found


def _enter(found: list[Places], rows: Places, columns: Places, near: NDArray[np.bool_]) -> None:
    """The columns that are near each of the rows, at its place."""
    of, to = np.divmod(np.flatnonzero(near), len(columns))  # sooner than `nonzero`
    places = columns[to]
    starts = np.searchsorted(of, np.arange(len(rows) + 1)).tolist()
    for row, start, end in zip(rows.tolist(), starts, starts[1:], strict=False):
        found[row] = places[start:end]


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What comparisons need of a value."""

    number: float
    half: float
    is_exact: bool
    group: tuple[str, int] | None  # of those whose replicates are of the same inputs
    centred: NDArray[np.float64]  # its replicates less their mean
    own: float  # their sum of squares
    factor: float  # from a sum of squares to a squared margin


class _Itself:
    """A value as a key that is equal to itself alone: its replicates are not looked at."""

    __slots__ = ("value",)

    def __init__(self, value: Value) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and other.value is self.value


@lru_cache(maxsize=4096)
def _known(key: _Itself) -> _Known:
    """Kept, as fronts that are asked for one after another have most values in common."""
    value = key.value
    count = len(value.replicates)
    replicates = np.array(value.replicates)
    centred = replicates - replicates.mean() if count else replicates
    return _Known(
        number=value.value,
        half=half_width(value),
        is_exact=value.high is None,
        group=(value.protocol_digest, count) if count > 1 else None,
        centred=centred,
        own=float(np.square(centred).sum()),
        factor=_factor(Resampling(value.resampling), count) if count > 1 else 0.0,
    )


@lru_cache(maxsize=64)
def _factor(resampling: Resampling, count: int) -> float:
    # The error of replicates that are `count` numbers with one unit of squared spread in all.
    unit = np.zeros(count)
    unit[:2] = 0.5**0.5, -(0.5**0.5)
    return float((STANDARD_ERRORS[resampling](unit) * stdtrit(count - 1, LEVEL)) ** 2)


def _together(known: Sequence[_Known]) -> list[Places]:
    """Places of those whose replicates are of the same inputs."""
    groups: dict[tuple[str, int], list[int]] = {}
    for i, each in enumerate(known):
        if each.group is not None:
            groups.setdefault(each.group, []).append(i)
    return [np.array(members) for members in groups.values() if len(members) > 1]


class _Together:
    """Values whose replicates are of the same inputs.

    The squared distance of two centred rows of replicates is that of their difference from its
    mean, and follows from their products with themselves and each other.
    """

    def __init__(self, known: Sequence[_Known], members: Places) -> None:
        chosen = [known[i] for i in members.tolist()]
        self._centred = np.array([each.centred for each in chosen])  # (n, count)
        self._own = np.array([each.own for each in chosen])
        self._factor = np.array([each.factor for each in chosen])
        self._place = np.full(len(known), -1)
        self._place[members] = np.arange(len(members))
        self.reach = np.zeros(len(known))  # of each value's own noise; 0 outside
        self.reach[members] = np.sqrt(self._factor.max() * self._own)

    def put(self, rows: Places, columns: Places, margins: Matrix, scales: Matrix) -> None:
        """Squared margins of the differences, and the size of what they are differences of, where
        row and column are both in here."""
        some, others = self._place[rows], self._place[columns]
        inside = (some >= 0)[:, None] & (others >= 0)
        products = self._centred[some] @ self._centred[others].T
        sums = self._own[some][:, None] + self._own[others]
        factor = self._factor[some][:, None]
        np.copyto(margins, factor * np.maximum(sums - 2 * products, 0.0), where=inside)
        np.copyto(scales, factor * sums, where=inside)
