"""Random search without repeats: the baseline of every comparison."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from search_service.domain.space import Architecture
from search_service.searchers.base import Problem, Told
from search_service.searchers.proposed import quick_to_look_in
from search_service.searchers.remaining import Remaining
from search_service.searchers.table import SEARCHERS, Entry


@dataclass(frozen=True, kw_only=True)
class RandomParameters:
    """Random search has none."""


@dataclass(frozen=True, kw_only=True)
class RandomSearcher:
    """Draws every option uniformly, and again when the result is known or not admitted."""

    problem: Problem
    seed: int
    window: int
    parameters: RandomParameters

    @cached_property
    def _remaining(self) -> Remaining:
        return Remaining(self.problem)

    def ask(self, proposed: Sequence[Architecture], told: Sequence[Told]) -> Architecture | None:
        """See Searcher."""
        rng = np.random.default_rng([self.seed, len(proposed)])
        return self._remaining.random(rng, quick_to_look_in(proposed))


SEARCHERS.register("random")(Entry(searcher=RandomSearcher, parameters=RandomParameters))
