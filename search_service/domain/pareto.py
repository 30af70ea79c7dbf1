"""Pareto numerics: pure functions of costs (n, m), every column minimised.

Ranks and crowding: NSGA-II (Deb et al., 2002), section III. Hypervolume: by sweep for two
objectives, by slices along the first objective above.
"""

import numpy as np


def non_dominated(costs: np.ndarray) -> np.ndarray:
    """Mask (n,) of the rows that no other row dominates; equal rows keep or lose together."""
    n, m = costs.shape
    if m == 2:
        return _non_dominated_2d(costs)
    mask = np.ones(n, dtype=bool)
    for i in range(n):
        if mask[i]:  # what a dominated row dominates, its dominator dominates too
            worse = (costs >= costs[i]).all(axis=1) & (costs > costs[i]).any(axis=1)
            mask[worse] = False
    return mask


def _non_dominated_2d(costs: np.ndarray) -> np.ndarray:
    order = np.lexsort((costs[:, 1], costs[:, 0]))
    first, second = costs[order].T
    if not len(order):
        return np.zeros(0, dtype=bool)
    # the least second cost among rows whose first cost is strictly less, and up to this row
    so_far = np.minimum.accumulate(second)
    starts = np.searchsorted(first, first, side="left")
    before = np.where(starts > 0, so_far[starts - 1], np.inf)
    mask = np.empty(len(order), dtype=bool)
    # dominated by an earlier first cost, or by an equal first cost with a lesser second one
    mask[order] = (before > second) & (second == second[starts])
    return mask


def ranks(costs: np.ndarray) -> np.ndarray:
    """(n,) integers: 0 for the front, 1 for the front of the rest, and so on."""
    rank = np.zeros(len(costs), dtype=np.int64)
    left = np.arange(len(costs))
    level = 0
    while len(left):
        mask = non_dominated(costs[left])
        rank[left[mask]] = level
        left = left[~mask]
        level += 1
    return rank


def crowding_distance(costs: np.ndarray) -> np.ndarray:
    """(n,) of one front: the side lengths of the box between each row's neighbours, each relative
    to the front's range, summed; infinite at the ends of a range. A column without range adds 0."""
    n, m = costs.shape
    distance = np.zeros(n)
    for column in range(m):
        order = np.argsort(costs[:, column], kind="stable")
        values = costs[order, column]
        span = values[-1] - values[0] if n else 0.0
        if not span > 0:
            continue
        distance[order[[0, -1]]] = np.inf
        distance[order[1:-1]] += (values[2:] - values[:-2]) / span
    return distance


def hypervolume(costs: np.ndarray, reference: np.ndarray) -> float:
    """The volume that the rows dominate, up to `reference` (m,); rows not below it add none."""
    inside = costs[(costs < reference).all(axis=1)]
    if not len(inside):
        return 0.0
    front = np.unique(inside[non_dominated(inside)], axis=0)
    return _volume(front, reference)


def _volume(front: np.ndarray, reference: np.ndarray) -> float:
    """Of distinct rows that do not dominate each other, all below the reference, sorted by the
    first column."""
    m = front.shape[1]
    if m == 1:
        return float(reference[0] - front[0, 0])
    if m == 2:
        heights = np.concatenate([[reference[1]], front[:-1, 1]]) - front[:, 1]
        return float(((reference[0] - front[:, 0]) * heights).sum())
    # sweep along the first column: between two rows, a slice is what all rows so far dominate in
    # the other columns
    total = 0.0
    ends = np.append(front[1:, 0], reference[0])
    for i, depth in enumerate(ends - front[:, 0]):
        if depth > 0:
            total += float(depth) * hypervolume(front[: i + 1, 1:], reference[1:])
    return total
