"""Which of very many rows any constrained front can be made of."""

import math
from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray

_FEW = 4096  # rows that are compared with each other at once without sieving
_SAMPLE = 1024
_PIVOTS = (1, 3, 8, 20)  # so many are tried before rows are left out, then so many more
_WORTH = 0.9  # of the rows, that a round of sieving must leave fewer than
_IN_CACHE = 1 << 15  # rows that are sieved at once
_CHUNK = 256

Costs = NDArray[np.float64]  # (m, n)
Places = NDArray[np.int64]


def kept(costs: Costs, objectives: int) -> Places:
    """Ascending places of the rows, columns of (m, n) costs, of which no other row is as good in
    all costs and better in one of the first `objectives`.

    With all m costs as objectives this is the front. With upper bounds on some costs the front over
    the objectives is among these rows, whatever the bounds: what sets a row aside meets every bound
    that the row meets. Rows that are equal in all objectives set none of each other aside.
    """
    left = _sieved(costs, objectives)
    costs = costs[:, left]
    if len(costs) == objectives == 2:
        return left[_of_pairs(costs)]
    if len(costs) == objectives == 3 and np.isfinite(costs).all():
        return left[_of_triples(costs)]
    return left[_alone(costs, objectives)]


def sets_aside(ahead: Costs, rows: Costs, objectives: int) -> NDArray[np.bool_]:
    """Which of (m, n) rows one of (m, p) others sets aside, (n,); see `kept`."""
    as_good = np.ones((ahead.shape[1], rows.shape[1]), dtype=bool)
    for others, own in zip(ahead, rows, strict=True):
        as_good &= others[:, None] <= own
    aside = np.zeros(rows.shape[1], dtype=bool)
    some = np.flatnonzero(as_good.any(axis=0))
    if not len(some):
        return aside
    # What is as good is nearly always better too, but for the row itself and those equal to it.
    first = np.argmax(as_good[:, some], axis=0)
    better = np.any(ahead[:objectives, first] < rows[:objectives, some], axis=0)
    aside[some[better]] = True
    unclear = some[~better]
    differs = np.any(ahead[:objectives, :, None] != rows[:objectives, None, unclear], axis=0)
    aside[unclear] = np.any(as_good[:, unclear] & differs, axis=0)
    return aside


def _of_pairs(costs: Costs) -> Places:
    """The same for two objectives alone, in one sweep: n log n."""
    order = np.lexsort(costs[::-1])
    first, second = costs[:, order]
    least = np.minimum.accumulate(np.append(np.inf, second))[:-1]  # of the rows before each
    new = np.ones(len(order), dtype=bool)
    new[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    # A row equal to the one before it fares as the first of the equal ones does.
    stays = (second < least)[np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))]
    return np.sort(order[stays])


def _of_triples(costs: Costs) -> Places:
    """The same for three finite objectives alone, in one sweep along the first, with the staircase
    that the others of the rows so far make kept sorted."""
    order = np.lexsort(costs[::-1])
    xs, ys = [-math.inf, math.inf], [math.inf, -math.inf]  # the stairs go down between sentinels
    stays: list[int] = []
    before: tuple[float, float, float] | None = None
    stood = False
    for place, *row in zip(order.tolist(), *costs[:, order].tolist(), strict=True):
        if (found := (row[0], row[1], row[2])) != before:
            before, (_, x, y) = found, found
            i = bisect_right(xs, x)
            stood = ys[i - 1] > y
            if stood:
                end = i
                while ys[end] >= y:
                    end += 1
                xs[i:end], ys[i:end] = [x], [y]
        if stood:  # a row equal to the one before it fares as that does
            stays.append(place)
    return np.sort(np.array(stays, dtype=np.int64))


def _sieved(costs: Costs, objectives: int) -> Places:
    """Ascending places of what a few good rows of a sample leave, and then of what is left of it;
    those rows stay themselves."""
    left = np.arange(costs.shape[1])
    while len(left) > _FEW:
        sample = left[:: len(left) // _SAMPLE]
        pivots = _pivots(costs[:, sample], objectives)
        parts = [left[i : i + _IN_CACHE] for i in range(0, len(left), _IN_CACHE)]
        before, left = len(left), np.concatenate([_left_of(p, costs, pivots) for p in parts])
        if len(left) > _WORTH * before:
            break
    return left


def _left_of(places: Places, costs: Costs, pivots: Costs) -> Places:
    """Those which no pivot is better than in the first cost and as good as in the others."""
    columns = costs[:, places]
    first = 0
    for count in _PIVOTS:
        behind = np.zeros(len(places), dtype=bool)
        for pivot in pivots[first : first + count]:
            worse = columns[0] > pivot[0]
            for value, column in zip(pivot[1:], columns[1:], strict=True):
                worse &= column >= value
            behind |= worse
        stays = np.flatnonzero(~behind)
        places, columns = places[stays], columns[:, stays]
        first += count
    return places


def _pivots(sample: Costs, objectives: int) -> Costs:
    """Some of the columns, (p, m), each the one that most of the others are behind that are behind
    none before it."""
    front = sample[:, _alone(sample, objectives)]
    behind = np.ones((front.shape[1], sample.shape[1]), dtype=bool)
    for own, others in zip(front, sample, strict=True):
        behind &= own[:, None] <= others
    chosen: list[int] = []
    while len(chosen) < min(sum(_PIVOTS), len(behind)):
        best = int(np.argmax(np.count_nonzero(behind, axis=1)))
        chosen.append(best)
        behind &= ~behind[best]
    return front[:, chosen].T


def _alone(costs: Costs, objectives: int) -> NDArray[np.bool_]:
    """Which of (m, n) costs stay, a mask; in time that grows with n times those that stay."""
    keep = np.zeros(costs.shape[1], dtype=bool)
    # In lexicographic order only an earlier row sets one aside: it is better in an objective, and
    # worse in none.
    order = np.lexsort(costs[objectives - 1 :: -1]) if costs.shape[1] else np.empty(0, np.int64)
    ahead = np.empty((len(costs), 0))
    for start in range(0, len(order), _CHUNK):
        chunk = order[start : start + _CHUNK]
        chunk = chunk[~sets_aside(ahead, costs[:, chunk], objectives)]
        own = costs[:, chunk]
        chunk = chunk[~sets_aside(own, own, objectives)]
        keep[chunk] = True
        ahead = np.concatenate([ahead, costs[:, chunk]], axis=1)
    return keep
