"""Pareto numerics: pure functions of (n, m) arrays of costs, all minimised."""

import math
from bisect import bisect_left, bisect_right

import numpy as np
from numpy.typing import NDArray

from search_service.domain.kept import kept

Costs = NDArray[np.float64]


def non_dominated(costs: Costs) -> NDArray[np.bool_]:
    """Which rows no other row dominates (as good everywhere, better somewhere); equal rows stay."""
    keep = np.zeros(len(costs), dtype=bool)
    keep[kept(costs.T, costs.shape[1])] = True
    return keep


def ranks(costs: Costs) -> NDArray[np.int64]:
    """0 for the front, 1 for the front of the rest, and so on."""
    if costs.shape[1] == 2:
        return _ranks_of_pairs(costs)
    result = np.zeros(len(costs), dtype=np.int64)
    left = np.arange(len(costs))
    rank = 0
    while len(left):
        front = non_dominated(costs[left])
        result[left[front]] = rank
        left = left[~front]
        rank += 1
    return result


def _ranks_of_pairs(costs: Costs) -> NDArray[np.int64]:
    """The same for two objectives, in one sweep: n log n."""
    result = np.zeros(len(costs), dtype=np.int64)
    lows: list[float] = []  # the least second cost of each front so far, ascending
    previous = -1
    for i in np.lexsort(costs.T[::-1]):
        if previous >= 0 and (costs[i] == costs[previous]).all():
            result[i] = result[previous]
        else:
            # All rows before this one are as good in the first cost, and differ from it.
            second = float(costs[i, 1])
            rank = bisect_right(lows, second)
            lows[rank : rank + 1] = [second]
            result[i] = rank
        previous = i
    return result


def crowding_distance(costs: Costs) -> NDArray[np.float64]:
    """Sum over objectives of the normalised gap between a row's neighbours; the ends have infinity.

    A fast and elitist multiobjective genetic algorithm: NSGA-II (Deb et al., 2002), section III-B.
    """
    distance = np.zeros(len(costs))
    for column in costs.T:
        order = np.argsort(column, kind="stable")
        span = column[order[-1]] - column[order[0]] if len(order) else 0.0
        if len(order):
            distance[order[[0, -1]]] = np.inf
        if span > 0:
            distance[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / span
    return distance


def hypervolume(costs: Costs, reference: NDArray[np.float64]) -> float:
    """Volume that the rows dominate, up to the reference point; rows beyond it add nothing.

    Exact, by slicing along the last objective; meant for fronts of up to some hundred rows.
    """
    return front_hypervolume(costs[non_dominated(costs)] if len(costs) else costs, reference)


def front_hypervolume(front: Costs, reference: NDArray[np.float64]) -> float:
    """The same of rows of which none dominates another."""
    inside = front[np.all(front < reference, axis=1)] if len(front) else front
    return _volume(inside, reference) if len(inside) else 0.0


def _volume(front: Costs, reference: NDArray[np.float64]) -> float:
    if front.shape[1] == 1:
        return float(reference[0] - front.min())
    if front.shape[1] == 2:
        return _area(front, reference)
    if front.shape[1] == 3:
        return _volume_of_triples(front, reference)
    order = np.argsort(front[:, -1], kind="stable")
    heights = np.append(front[order, -1], reference[-1])
    total = 0.0
    for count, thickness in enumerate(np.diff(heights), start=1):
        if thickness > 0:
            base = front[order[:count], :-1]
            total += float(thickness) * _volume(base[non_dominated(base)], reference[:-1])
    return total


def _volume_of_triples(front: Costs, reference: NDArray[np.float64]) -> float:
    """In one sweep along the last cost, with the staircase of the first two kept sorted."""
    x_end, y_end, z_end = (float(r) for r in reference)
    xs, ys = [-math.inf, x_end], [y_end, -math.inf]  # the stairs go down between two sentinels
    area = volume = 0.0
    height = -math.inf
    for x, y, z in front[np.argsort(front[:, 2], kind="stable")].tolist():
        if z > height > -math.inf:
            volume += area * (z - height)
        height = z
        i = bisect_left(xs, x)
        # The stair that the row stands below, and those to its right that it covers.
        first = i if xs[i] > x or ys[i] > y else i + 1
        if ys[first - 1] <= y:
            continue
        end, left, top = first, x, ys[first - 1]
        while ys[end] >= y:
            area += (xs[end] - left) * (top - y)
            left, top = xs[end], ys[end]
            end += 1
        area += (xs[end] - left) * (top - y)
        xs[first:end], ys[first:end] = [x], [y]
    return volume + area * (z_end - height)


def _area(front: Costs, reference: NDArray[np.float64]) -> float:
    ordered = front[np.argsort(front[:, 0], kind="stable")]
    ceilings = np.minimum.accumulate(np.append(reference[1], ordered[:-1, 1]))
    heights = np.maximum(ceilings - ordered[:, 1], 0.0)
    return float(np.sum((reference[0] - ordered[:, 0]) * heights))
