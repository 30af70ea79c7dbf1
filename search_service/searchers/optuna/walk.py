"""The points of a sampler that walks a grid, a sequence or a tree, whatever was measured."""

from collections.abc import Collection
from math import prod

import numpy as np
import optuna

from search_service.domain.space import Architecture, architecture_at
from search_service.searchers.base import Problem
from search_service.searchers.optuna.samplers import (
    Chosen,
    distributions,
    fixed_indices,
    make_sampler,
)

_AHEAD = 8  # points looked at for each proposal, before a random one takes its place
_FIRST = 64


class Walk:
    """One sampler, asked for point after point; the walk so far is kept as a memo.

    Nothing is told to it: its trials run for ever, which is how a grid and a tree know where they
    have been. (Told of an end, they would stop a study that nobody optimises.)
    """

    def __init__(self, chosen: Chosen, *, problem: Problem, seed: int) -> None:
        choices = problem.space.choices
        self._problem = problem
        fixed = fixed_indices(chosen, choices)
        self._distributions = distributions(choices, fixed=fixed)
        grid = {
            choice.name: [fixed[choice.name]]
            if choice.name in fixed
            else list(range(len(choice.options)))
            for choice in choices
        }
        state = np.random.default_rng([seed]).integers(2**31)  # more than some of them take
        self._study = optuna.create_study(sampler=make_sampler(chosen, seed=int(state), grid=grid))
        self._length = (
            None if chosen.sampler == "QMCSampler" else prod(len(each) for each in grid.values())
        )
        self._points = 0
        self._admitted: list[tuple[int, Architecture]] = []  # with the number of the point

    def next(self, taken: Collection[Architecture]) -> Architecture | None:
        """The first point that is admitted and not in `taken`; None when none is near."""
        limit = _FIRST + _AHEAD * len(taken)
        for point, architecture in self._admitted:
            if point >= limit:
                return None
            if architecture not in taken:
                return architecture
        while self._points < limit and self._points != self._length:
            architecture = self._step()
            if self._problem.admits(architecture):
                self._admitted.append((self._points - 1, architecture))
                if architecture not in taken:
                    return architecture
        return None

    def _step(self) -> Architecture:
        trial = self._study.ask(self._distributions)
        self._points += 1
        indices = [int(trial.params[name]) for name in self._distributions]
        return architecture_at(self._problem.space, indices)
