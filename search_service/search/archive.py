"""A front that grows: who is on it, and the volume it dominates, worked out again only when it must
be."""

from typing import Generic, TypeVar

import numpy as np

from search_service.domain import pareto
from search_service.domain.pareto import Costs

T = TypeVar("T")


class Archive(Generic[T]):
    """The non-dominated of all that were added, in the order in which they came."""

    def __init__(self, objectives: int) -> None:
        self.members: tuple[T, ...] = ()
        self.worst: Costs | None = None  # (objectives,) of all that were ever added
        self._costs: Costs = np.empty((0, objectives))
        self._volume: tuple[bytes, float] | None = None  # for a reference point

    def add(self, member: T, costs: Costs) -> None:
        """With (objectives,) costs, all minimised; equal ones stay beside each other."""
        self.worst = costs if self.worst is None else np.maximum(self.worst, costs)
        as_good = self._costs <= costs
        if np.any(as_good.all(axis=1) & (self._costs < costs).any(axis=1)):
            return
        together = np.concatenate([self._costs, costs[None]])
        keep = pareto.non_dominated(together)
        self._costs = together[keep]
        joined = (*self.members, member)
        self.members = tuple(m for m, stays in zip(joined, keep, strict=True) if stays)
        self._volume = None

    def hypervolume(self, reference: Costs) -> float:
        """Of the members, up to the (objectives,) reference point."""
        key = reference.tobytes()
        if self._volume is None or self._volume[0] != key:
            self._volume = key, pareto.hypervolume(self._costs, reference)
        return self._volume[1]
