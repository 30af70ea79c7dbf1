"""Which candidates are better: feasible first, then by front, then by distance to neighbours.

A fast and elitist multiobjective genetic algorithm: NSGA-II (Deb et al., 2002), sections 3 and 6.
"""

from collections.abc import Sequence

import numpy as np

from search_service.domain.pareto import crowding_distance, ranks
from search_service.searchers.base import Told


def best_first(told: Sequence[Told], count: int) -> list[Told]:
    """At most `count` of them, in the order of constrained domination.

    Feasible ones by rank and then by falling crowding distance; then those that break a measured
    constraint, least violation first; then those that could not be measured.
    """
    feasible = [t for t in told if t.costs is not None and not t.violation]
    violating = sorted((t for t in told if t.violation), key=lambda t: t.violation)
    failed = [t for t in told if t.costs is None and not t.violation]
    return [*_fronts_first(feasible, count), *violating, *failed][:count]


def _fronts_first(feasible: Sequence[Told], count: int) -> list[Told]:
    if not feasible:
        return []
    costs = np.array([t.costs for t in feasible], dtype=float)  # [candidate, objective]
    rank = ranks(costs)
    chosen: list[Told] = []
    for front in range(int(rank.max()) + 1):
        members = np.flatnonzero(rank == front)
        order = np.argsort(-crowding_distance(costs[members]), kind="stable")
        chosen += [feasible[i] for i in members[order]]
        if len(chosen) >= count:
            break
    return chosen
