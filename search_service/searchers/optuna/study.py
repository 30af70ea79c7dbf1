"""An in-memory Optuna study that holds a search's history, and samplers made for one number."""

import inspect
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    IntDistribution,
)
from optuna.samplers import BaseGASampler, BaseSampler, RandomSampler
from optuna.trial import Trial, TrialState

from search_service.domain.space import Architecture, Choice
from search_service.errors import InvalidInput, UnknownName
from search_service.searchers.base import Told

_POINTER = "/searcher/parameters/options"
_PLAIN = re.compile(r"(bool|int|float|str)( \| None)?")  # annotations that JSON can give
_TYPES: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "str": (str,),
}


def check_options(sampler: str, options: Mapping[str, Any]) -> None:
    """Raises UnknownName or InvalidInput for what the sampler's class does not take."""
    known = _options_of(sampler)
    for name, value in options.items():
        pointer = f"{_POINTER}/{name}"
        if name not in known:
            names = ", ".join(known) or "none"
            raise UnknownName(
                f"unknown option {name!r} of {sampler}; known: {names}", pointer=pointer
            )
        is_bool = isinstance(value, bool)
        if not isinstance(value, _TYPES[known[name]]) or is_bool != (known[name] == "bool"):
            raise InvalidInput(
                f"option {name!r} must be {known[name]}, got {value!r}", pointer=pointer
            )
    try:
        make_sampler(sampler, options, seed=0)
    except ValueError as error:
        raise InvalidInput(f"{sampler}: {error}", pointer=_POINTER) from None


def make_sampler(sampler: str, options: Mapping[str, Any], *, seed: int) -> BaseSampler:
    """A sampler with this seed. That it is experimental was the user's choice: it is not told."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made: BaseSampler = getattr(optuna.samplers, sampler)(**options, seed=seed)
    return made


def _options_of(sampler: str) -> dict[str, str]:
    """Name to type of the options that JSON can give, without the seed."""
    signature = inspect.signature(getattr(optuna.samplers, sampler))
    matches = {
        name: _PLAIN.fullmatch(str(parameter.annotation))
        for name, parameter in signature.parameters.items()
        if name != "seed" and not name.startswith("warn_")
    }
    return {name: match[1] for name, match in matches.items() if match}


class ReplayedStudy:
    """State after some numbers, whichever sampler calls were made on the way.

    A new sampler, seeded by the number, does all the work of that number, so what a study holds
    depends on what was entered and told, and nothing else.
    """

    def __init__(
        self,
        *,
        sampler: str,
        options: Mapping[str, Any],
        categorical: bool,
        choices: Sequence[Choice],
        objectives: int,
        seed: int,
        constrained: bool,
    ) -> None:
        self.constrained = constrained  # whether trials carry their violation
        self.proposed: list[Architecture] = []
        self._sampler = sampler
        self._options = options
        self._seed = seed
        self._told: list[Told] = []
        self._running: list[Trial] = []  # those not told, oldest first
        self._distributions: dict[str, BaseDistribution] = {
            choice.name: (
                CategoricalDistribution(tuple(range(len(choice.options))))
                if categorical
                else IntDistribution(0, len(choice.options) - 1)
            )
            for choice in choices
        }
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._study = optuna.create_study(
            directions=["minimize"] * objectives, sampler=RandomSampler(seed=0)
        )

    def begins(self, proposed: Sequence[Architecture], told: Sequence[Told]) -> bool:
        """Whether what the study holds is the beginning of this history."""
        return (
            list(proposed[: len(self.proposed)]) == self.proposed
            and list(told[: len(self._told)]) == self._told
        )

    def tell(self, told: Sequence[Told]) -> None:
        """Finish the trials of `told`, a history that continues what was told before."""
        for outcome in told[len(self._told) :]:
            trial = self._running.pop(0)
            if outcome.costs is None:
                self._study.tell(trial, state=TrialState.FAIL)
            else:
                if self.constrained:
                    trial.set_constraint("violation", outcome.violation)
                self._study.tell(trial, list(outcome.costs))
            self._told.append(outcome)

    def enter(self, architecture: Architecture, *, indices: Sequence[int]) -> None:
        """Number `len(proposed)` is this architecture; it runs from now on."""
        self._study.enqueue_trial(dict(zip(self._distributions, indices, strict=True)))
        trial = self._study.ask(self._distributions)
        self._running.append(trial)
        sampler = self._fresh_sampler(0)
        if isinstance(sampler, BaseGASampler):
            # Otherwise it would pass over trials that it was given, as if they had not been.
            frozen = self._study.get_trials(deepcopy=False)[trial.number]
            generation = sampler.get_trial_generation(self._study, frozen)
            sampler.get_parent_population(self._study, generation)
        self.proposed.append(architecture)

    def sample(self, attempt: int) -> list[int]:
        """Option indices that the sampler would take for the next number; nothing is entered."""
        sampler = self._fresh_sampler(attempt)
        if isinstance(sampler, BaseGASampler):
            # The first draw of a generation sees the parents in another order than later draws do.
            self._draw(sampler)
            sampler = self._fresh_sampler(attempt)
        return self._draw(sampler)

    def _draw(self, sampler: BaseSampler) -> list[int]:
        self._study.sampler = sampler
        trial = self._study.ask(self._distributions)
        self._study.tell(trial, state=TrialState.FAIL)
        return [int(trial.params[name]) for name in self._distributions]

    def _fresh_sampler(self, attempt: int) -> BaseSampler:
        rng = np.random.default_rng([self._seed, len(self.proposed), attempt])
        return make_sampler(self._sampler, self._options, seed=int(rng.integers(2**31)))
