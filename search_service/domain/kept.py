"""Which of very many rows any constrained front can be made of."""

import numpy as np
from numpy.typing import NDArray

_FEW = 2048  # rows that are compared with each other at once without sieving
_PASSES = 64
_CHUNK = 256


def kept(costs: NDArray[np.float64], objectives: int) -> NDArray[np.int64]:
    """Ascending places of the rows, columns of (m, n) costs, of which no other row is as good in
    all costs and better in one of the first `objectives`.

    With all m costs as objectives this is the front. With upper bounds on some costs the front over
    the objectives is among these rows, whatever the bounds: what sets a row aside meets every bound
    that the row meets. Rows that are equal in all objectives set none of each other aside.
    """
    if len(costs) == objectives == 2:
        return _of_pairs(costs)
    left, found = _sieved(costs, objectives)
    rows = np.concatenate([found, left])
    return np.sort(rows[_alone(costs[:, rows], objectives)])


def _of_pairs(costs: NDArray[np.float64]) -> NDArray[np.int64]:
    """The same for two objectives alone, in one sweep: n log n."""
    order = np.lexsort(costs[::-1])
    first, second = costs[:, order]
    least = np.minimum.accumulate(np.append(np.inf, second))[:-1]  # of the rows before each
    new = np.ones(len(order), dtype=bool)
    new[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    # A row equal to the one before it fares as the first of the equal ones does.
    stays = (second < least)[np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))]
    return np.sort(order[stays])


def _sieved(
    costs: NDArray[np.float64], objectives: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What a few good rows leave of all the others, and those rows.

    Each is the least by another weighted sum, so they lie along the whole front.
    """
    left = np.arange(costs.shape[1])
    found: list[int] = []
    if len(left) <= _FEW:
        return left, np.array(found, dtype=np.int64)
    low = costs.min(axis=1)
    scale = costs.max(axis=1) - low
    scale[scale == 0] = 1.0
    rng = np.random.default_rng(0)
    columns = list(costs)
    for turn in range(_PASSES):
        weights = (rng.dirichlet(np.ones(len(costs))) if turn else np.ones(len(costs))) / scale
        total = sum(weight * column for weight, column in zip(weights, columns, strict=True))
        best = int(np.argmin(total))
        pivot = [column[best] for column in columns]
        as_good = np.ones(len(left), dtype=bool)
        for value, column in zip(pivot, columns, strict=True):
            as_good &= column >= value
        better = np.zeros(len(left), dtype=bool)
        for value, column in zip(pivot[:objectives], columns[:objectives], strict=True):
            better |= column > value
        stays = ~(as_good & better)
        stays[best] = False
        found.append(int(left[best]))
        left = left[stays]
        if len(left) <= _FEW:
            break
        columns = [column[stays] for column in columns]
    return left, np.array(found, dtype=np.int64)


def _alone(costs: NDArray[np.float64], objectives: int) -> NDArray[np.bool_]:
    """Which of (m, n) costs stay, a mask; in time that grows with n times those that stay."""
    keep = np.ones(costs.shape[1], dtype=bool)
    # In lexicographic order only an earlier row sets one aside: it is better in an objective, and
    # worse in none.
    order = np.lexsort(costs[objectives - 1 :: -1]) if costs.shape[1] else np.empty(0, np.int64)
    ahead = np.empty((len(costs), 0))
    for start in range(0, len(order), _CHUNK):
        chunk = order[start : start + _CHUNK]
        own = costs[:, chunk]
        chunk_keeps = ~(_sets_aside(ahead, own, objectives) | _sets_aside(own, own, objectives))
        keep[chunk] = chunk_keeps
        ahead = np.concatenate([ahead, own[:, chunk_keeps]], axis=1)
    return keep


def _sets_aside(
    ahead: NDArray[np.float64], rows: NDArray[np.float64], objectives: int
) -> NDArray[np.bool_]:
    as_good = np.ones((ahead.shape[1], rows.shape[1]), dtype=bool)
    better = np.zeros_like(as_good)
    for i, (others, own) in enumerate(zip(ahead, rows, strict=True)):
        as_good &= others[:, None] <= own
        if i < objectives:
            better |= others[:, None] < own
    aside: NDArray[np.bool_] = np.any(as_good & better, axis=0)
    return aside
