"""NSGA-II without generations: each child's parents survive among all that were told.

A fast and elitist multiobjective genetic algorithm: NSGA-II (Deb et al., 2002). Departures: steady
state, so that no worker waits for a generation; uniform crossover and ordinal mutation in place of
the real-valued operators; nothing is proposed twice.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from search_service.domain.parameters import bounded
from search_service.domain.space import (
    Architecture,
    architecture_at,
    indices_of,
    largest,
    smallest,
)
from search_service.searchers.base import Problem, Told
from search_service.searchers.proposed import quick_to_look_in
from search_service.searchers.remaining import Remaining
from search_service.searchers.selection import Survivors
from search_service.searchers.table import SEARCHERS, Entry
from search_service.searchers.variation import ordinal_mutation, uniform_crossover


@dataclass(frozen=True, kw_only=True)
class Nsga2Parameters:
    """Small populations are best below a thousand evaluations."""

    population_size: int = bounded(20, minimum=2)
    crossover_probability: float = bounded(0.9, minimum=0, maximum=1)


@dataclass(frozen=True, kw_only=True)
class Nsga2Searcher:
    """The first population holds the ends of the space and random ones."""

    problem: Problem
    seed: int
    window: int
    parameters: Nsga2Parameters

    @cached_property
    def _remaining(self) -> Remaining:
        return Remaining(self.problem)

    @cached_property
    def _survivors(self) -> Survivors:
        return Survivors(count=self.parameters.population_size, batch=1)

    @cached_property
    def _counts(self) -> list[int]:
        return [len(choice.options) for choice in self.problem.space.choices]

    def ask(self, proposed: Sequence[Architecture], told: Sequence[Told]) -> Architecture | None:
        """See Searcher."""
        rng = np.random.default_rng([self.seed, len(proposed)])
        taken = quick_to_look_in(proposed)
        if len(proposed) < self.parameters.population_size or len(told) < 2:
            return self._first(rng, taken)
        space = self.problem.space
        survivors = [indices_of(space, t.architecture) for t in self._survivors.among(told)]

        def parent() -> tuple[int, ...]:
            # Survivors are in order, so the lower position wins the tournament.
            return survivors[int(rng.integers(len(survivors), size=2).min())]

        def child() -> Architecture:
            indices = parent()
            if rng.random() < self.parameters.crossover_probability:
                indices = uniform_crossover(indices, parent(), rng)
            mutated = ordinal_mutation(indices, self._counts, 1 / len(indices), rng)
            return architecture_at(space, mutated)

        return self._remaining.redraw(child, rng, taken)

    def _first(
        self, rng: np.random.Generator, taken: Collection[Architecture]
    ) -> Architecture | None:
        for end in (smallest(self.problem.space), largest(self.problem.space)):
            if end not in taken and self.problem.admits(end):
                return end
        return self._remaining.random(rng, taken)


SEARCHERS.register("nsga2")(Entry(searcher=Nsga2Searcher, parameters=Nsga2Parameters))
