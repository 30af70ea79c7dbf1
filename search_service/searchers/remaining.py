"""What is left to propose: admitted, and not proposed before."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

import numpy as np

from search_service.domain.space import Architecture, architecture_at, enumerate_space
from search_service.searchers.base import Problem

REDRAWS = 64  # of a child that is inadmissible or known, before a random one takes its place
_LISTED = 100_000  # architectures of a space that is small enough to keep in memory


@dataclass(frozen=True)
class Remaining:
    """Draws from a problem's admitted architectures, `fixed` ones only: option index by the place
    of its choice."""

    problem: Problem
    fixed: Mapping[int, int] = field(default_factory=dict)

    @cached_property
    def _admitted(self) -> tuple[Architecture, ...]:
        return tuple(dict.fromkeys(filter(self.problem.admits, self._ordered())))

    @cached_property
    def _indices(self) -> list[tuple[int, ...]]:
        """What may be taken at each choice."""
        return [
            (self.fixed[place],) if place in self.fixed else tuple(range(len(choice.options)))
            for place, choice in enumerate(self.problem.space.choices)
        ]

    def _ordered(self) -> Iterator[Architecture]:
        """Lexicographically; with something fixed, one without effect makes some come twice."""
        space = self.problem.space
        if not self.fixed:
            return enumerate_space(space)
        return (architecture_at(space, indices) for indices in product(*self._indices))

    def redraw(
        self,
        draw: Callable[[], Architecture],
        rng: np.random.Generator,
        taken: Collection[Architecture],
    ) -> Architecture | None:
        """The first good one of REDRAWS draws, else a random one; None when none is left."""
        for _ in range(REDRAWS):
            architecture = draw()
            if architecture not in taken and self.problem.admits(architecture):
                return architecture
        return self.random(rng, taken)

    def random(
        self, rng: np.random.Generator, taken: Collection[Architecture]
    ) -> Architecture | None:
        """Uniform over the options, refused until one is left to propose; None when none is.

        Where refusal takes too long: uniform over those that remain in a listed space, the first
        that remains in a larger one.
        """
        space, admits = self.problem.space, self.problem.admits
        size = math.prod(map(len, self._indices)) if self.fixed else space.size
        listed = size <= _LISTED
        for _ in range(REDRAWS if listed else 100 * REDRAWS):
            drawn = [indices[rng.integers(len(indices))] for indices in self._indices]
            architecture = architecture_at(space, drawn)
            if architecture not in taken and admits(architecture):
                return architecture
        if listed:
            left = [a for a in self._admitted if a not in taken]
            return left[rng.integers(len(left))] if left else None
        return next((a for a in self._ordered() if a not in taken and admits(a)), None)
