"""Which candidates are better: feasible first, then by front, then by distance to neighbours.

A fast and elitist multiobjective genetic algorithm: NSGA-II (Deb et al., 2002), sections 3 and 6.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

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


@dataclass(kw_only=True)
class Survivors:
    """The best `count` of a history, as they stand after every `batch` of it.

    The best of a batch and of the survivors before it survive. What was computed for a shorter
    history is kept, so that a longer one costs only its new batches.
    """

    count: int
    batch: int
    _seen: list[Told] = field(default_factory=list, init=False)
    _best: list[Told] = field(default_factory=list, init=False)

    def among(self, told: Sequence[Told]) -> list[Told]:
        """Best first; the part of `told` beyond the last complete batch is not looked at."""
        if list(told[: len(self._seen)]) != self._seen:
            self._seen, self._best = [], []
        while len(self._seen) + self.batch <= len(told):
            fresh = told[len(self._seen) : len(self._seen) + self.batch]
            self._best = best_first([*self._best, *fresh], self.count)
            self._seen += fresh
        return self._best
