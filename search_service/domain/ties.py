"""Which of many values noise cannot tell from each other: `paired.tied`, of all pairs at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from search_service.domain.evaluation import Value
from search_service.domain.paired import LEVEL, STANDARD_ERRORS, half_width, tied
from search_service.domain.recent import Made
from search_service.domain.resampling import Resampling

_SURE = 1e-9  # of what is compared: nearer than that rounding might decide, and pairs go one by one
_AT_ONCE = 64  # neighbours by value, compared with all that might be tied with one of them
_KEPT = 4096  # values: fronts that are asked for one after another have most in common

Places = NDArray[np.int64]
Matrix = NDArray[np.float64]

# What comparisons need of a value, besides its replicates.
_NUMBERS = np.dtype(
    [
        ("value", "f8"),
        ("half", "f8"),  # of the width of its interval
        ("is_exact", "?"),
        ("own", "f8"),  # the sum of squares of its replicates less their mean
        ("factor", "f8"),  # from a sum of squares to a squared margin
    ]
)


@dataclass(frozen=True, kw_only=True)
class Tied:
    """Of n places those that each is tied with, in one array, one place after another."""

    ends: Places  # (n + 1,), of what is each place's, from 0
    others: Places  # (ends[n],), ascending within each place's

    @classmethod
    def of(cls, each: Sequence[Places]) -> Self:
        """Of what each place is tied with."""
        none = np.empty(0, np.int64)
        return cls(ends=np.cumsum([0, *map(len, each)]), others=np.concatenate([none, *each]))

    def each(self) -> list[Places]:
        """What each place is tied with."""
        return [self.others[start:end] for start, end in pairwise(self.ends.tolist())]


def all_ties(values: Sequence[Value]) -> Tied:
    """Of each of the values, all finite, the places of the others that are `tied` with it.

    A difference spreads at most as far as the two together, so most pairs are too far apart to be
    looked at.
    """
    known = _KNOWN.of(values)
    numbers = np.frombuffer(b"".join([each.numbers for each in known]), _NUMBERS)
    if numbers["is_exact"].all():
        return Tied(ends=np.zeros(len(values) + 1, np.int64), others=np.empty(0, np.int64))
    order = np.argsort(numbers["value"])
    nearby = _Nearby([known[i] for i in order.tolist()], numbers[order])
    keys: list[Places] = []
    for rows in nearby.rows():
        columns = nearby.columns(rows)
        near, unsure = nearby.near(rows, columns)
        some, others = order[rows], order[columns]
        for i, j in unsure:
            near[i, j] = tied(values[some[i]], values[others[j]])
        found = np.flatnonzero(near)  # sooner than `nonzero`
        keys.append(some[found // len(others)] * len(values) + others[found % len(others)])
    pairs = np.sort(np.concatenate(keys))
    return Tied(
        ends=np.searchsorted(pairs, len(values) * np.arange(len(values) + 1)),
        others=pairs % len(values),
    )


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What comparisons need of a value."""

    numbers: bytes  # _NUMBERS
    centred: bytes  # its replicates less their mean, in float64
    group: tuple[str, int] | None  # of those whose replicates are of the same inputs


def _known(value: Value) -> _Known:
    count = len(value.replicates)
    replicates = np.array(value.replicates)
    centred = replicates - replicates.mean() if count else replicates
    numbers = np.array(
        (
            value.value,
            half_width(value),
            value.high is None,
            np.square(centred).sum(),
            _factor(Resampling(value.resampling), count) if count > 1 else 0.0,
        ),
        _NUMBERS,
    )
    return _Known(
        numbers=numbers.tobytes(),
        centred=centred.tobytes(),
        group=(value.protocol_digest, count) if count > 1 else None,
    )


_KNOWN = Made(_known, size=_KEPT)


@lru_cache(maxsize=64)
def _factor(resampling: Resampling, count: int) -> float:
    # The error of replicates that are `count` numbers with one unit of squared spread in all.
    unit = np.zeros(count)
    unit[:2] = 0.5**0.5, -(0.5**0.5)
    return float((STANDARD_ERRORS[resampling](unit) * stdtrit(count - 1, LEVEL)) ** 2)


class _Nearby:
    """Values in the order of their numbers, some of which are compared at once with those that
    might be tied with one of them."""

    def __init__(self, known: Sequence[_Known], numbers: NDArray[Any]) -> None:
        self._number = numbers["value"].copy()
        self._half = numbers["half"].copy()
        self._exact = numbers["is_exact"].copy()
        self._groups = [_Together(known, numbers, members) for members in _together(known)]
        reach = np.maximum.reduce([self._half, *(group.reach for group in self._groups)])
        self._scale = np.square(reach)  # a pair's margin, squared, is made of no more than theirs
        reach = reach + 1e-6 * reach + 1e-12 * np.abs(self._number)  # for what rounding does
        self._low, self._high = self._number - reach, self._number + reach
        self._highest = np.maximum.accumulate(self._high)  # so far
        self._lowest = np.minimum.accumulate(self._low[::-1])[::-1]  # from here on

    def rows(self) -> Iterator[slice]:
        """Some at a time."""
        for start in range(0, len(self._number), _AT_ONCE):
            yield slice(start, min(start + _AT_ONCE, len(self._number)))

    def columns(self, rows: slice) -> slice:
        """All that are within reach of one of these, and few others."""
        return slice(
            int(np.searchsorted(self._highest, self._low[rows].min())),
            int(np.searchsorted(self._lowest, self._high[rows].max(), side="right")),
        )

    def near(self, rows: slice, columns: slice) -> tuple[NDArray[np.bool_], list[tuple[int, int]]]:
        """Which row is tied with which other column; and the places of those for which rounding
        might decide it."""
        margins = np.square(self._half[rows])[:, None] + np.square(self._half[columns])  # squared
        for group in self._groups:
            group.put(rows, columns, margins)
        gaps = np.square(self._number[rows][:, None] - self._number[columns])
        beyond = gaps - margins
        near = beyond <= 0
        near &= ~(self._exact[rows][:, None] & self._exact[columns])
        own = np.arange(rows.start, rows.stop)
        near[own - rows.start, own - columns.start] = False
        return near, self._unsure(rows, columns, gaps, np.abs(beyond))

    def _unsure(
        self, rows: slice, columns: slice, gaps: Matrix, apart: Matrix
    ) -> list[tuple[int, int]]:
        scale, others = self._scale[rows], self._scale[columns]
        some = apart <= _SURE * (gaps.max() + scale.max() + others.max())
        i, j = np.divmod(np.flatnonzero(some), len(others))
        gaps, apart = gaps[i, j], apart[i, j]  # of few
        # What is equal is tied, by whatever margin; so each is with itself.
        unsure = (gaps > 0) & (apart <= _SURE * (gaps + scale[i] + others[j]))
        return list(zip(i[unsure].tolist(), j[unsure].tolist(), strict=True))


def _together(known: Sequence[_Known]) -> list[Places]:
    """Places of those whose replicates are of the same inputs."""
    groups = [each.group for each in known]
    found = []
    for group in set(groups) - {None}:
        members = np.flatnonzero([each == group for each in groups])
        if len(members) > 1:
            found.append(members)
    return found


class _Together:
    """Values whose replicates are of the same inputs.

    The squared distance of two centred rows of replicates is that of their difference from its
    mean, and follows from their products with themselves and each other.
    """

    def __init__(self, known: Sequence[_Known], numbers: NDArray[Any], members: Places) -> None:
        centred = np.frombuffer(b"".join([known[i].centred for i in members.tolist()]))
        self._own = numbers["own"].copy()
        self._factor = numbers["factor"].copy()
        self._inside: NDArray[np.bool_] | None = None  # None: all are
        self._centred = centred.reshape(len(members), -1)  # (n, count)
        self.reach = np.sqrt(self._factor.max() * self._own)  # of each value's own noise; 0 outside
        if len(members) < len(known):
            self._inside = np.zeros(len(known), dtype=bool)
            self._inside[members] = True
            self._centred = np.zeros((len(known), self._centred.shape[1]))
            self._centred[members] = centred.reshape(len(members), -1)
            self.reach = np.where(self._inside, self.reach, 0.0)

    def put(self, rows: slice, columns: slice, margins: Matrix) -> None:
        """Squared margins of the differences, where row and column are both in here."""
        products = self._centred[rows] @ self._centred[columns].T
        products *= -2
        products += self._own[columns]
        products += self._own[rows][:, None]
        np.maximum(products, 0.0, out=products)
        products *= self._factor[rows][:, None]
        inside = self._inside
        if inside is None:
            margins[:] = products
        else:
            np.copyto(margins, products, where=inside[rows][:, None] & inside[columns])
