"""What is left to propose: admitted, and not proposed before."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from search_service.domain.space import Architecture, enumerate_space, sample
from search_service.searchers.base import Problem

REDRAWS = 64  # of a child that is inadmissible or known, before a random one takes its place
_LISTED = 100_000  # architectures of a space that is small enough to keep in memory


@dataclass(frozen=True)
class Remaining:
    """Draws from a problem's admitted architectures."""

    problem: Problem

    @cached_property
    def _admitted(self) -> tuple[Architecture, ...]:
        return tuple(filter(self.problem.admits, enumerate_space(self.problem.space)))

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
        listed = space.size <= _LISTED
        for _ in range(REDRAWS if listed else 100 * REDRAWS):
            architecture = sample(space, rng)
            if architecture not in taken and admits(architecture):
                return architecture
        if listed:
            left = [a for a in self._admitted if a not in taken]
            return left[rng.integers(len(left))] if left else None
        ordered = enumerate_space(space)
        return next((a for a in ordered if a not in taken and admits(a)), None)
