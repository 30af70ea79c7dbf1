"""Evolutionary search as the once-for-all papers do it, with fronts in place of one score.

Once-for-All (Cai et al., ICLR 2020) and GAN Compression (Li et al., CVPR 2020): rank a generation,
keep the best as parents, mutate one half of the next and cross over the other, under a budget.
Departures: the parents are the best by front and crowding distance; nothing is proposed twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from search_service.domain.parameters import bounded
from search_service.domain.space import Architecture, architecture_at, indices_of
from search_service.searchers.base import Problem, Told
from search_service.searchers.proposed import quick_to_look_in
from search_service.searchers.remaining import Remaining
from search_service.searchers.selection import Survivors
from search_service.searchers.table import SEARCHERS, Entry
from search_service.searchers.variation import reset_mutation, uniform_crossover


@dataclass(frozen=True, kw_only=True)
class EvolutionParameters:
    """Names and defaults as in the papers' programs."""

    population_size: int = bounded(100, minimum=2)
    parent_ratio: float = bounded(0.25, minimum=0, maximum=1)  # of a generation, kept as parents
    mutation_ratio: float = bounded(0.5, minimum=0, maximum=1)  # of children; crossover the rest
    mutate_probability: float = bounded(0.2, minimum=0, maximum=1)  # of each choice


@dataclass(frozen=True, kw_only=True)
class EvolutionSearcher:
    """Candidate n is child n mod `population_size` of its generation.

    Parents come from the generations that are completely told, so nobody waits for the window: the
    first children of a generation have the parents of the one before.
    """

    problem: Problem
    seed: int
    window: int
    parameters: EvolutionParameters

    @cached_property
    def _remaining(self) -> Remaining:
        return Remaining(self.problem)

    @cached_property
    def _survivors(self) -> Survivors:
        size = self.parameters.population_size
        return Survivors(count=max(1, round(self.parameters.parent_ratio * size)), batch=size)

    @cached_property
    def _counts(self) -> list[int]:
        return [len(choice.options) for choice in self.problem.space.choices]

    def ask(self, proposed: Sequence[Architecture], told: Sequence[Told]) -> Architecture | None:
        """See Searcher."""
        p, space = self.parameters, self.problem.space
        rng = np.random.default_rng([self.seed, len(proposed)])
        taken = quick_to_look_in(proposed)
        parents = [indices_of(space, t.architecture) for t in self._survivors.among(told)]
        if not parents:
            return self._remaining.random(rng, taken)
        mutates = len(proposed) % p.population_size < p.mutation_ratio * p.population_size

        def child() -> Architecture:
            a, b = (parents[i] for i in rng.integers(len(parents), size=2))
            if mutates:
                indices = reset_mutation(a, self._counts, p.mutate_probability, rng)
            else:
                indices = uniform_crossover(a, b, rng)
            return architecture_at(space, indices)

        return self._remaining.redraw(child, rng, taken)


SEARCHERS.register("evolution")(Entry(searcher=EvolutionSearcher, parameters=EvolutionParameters))
