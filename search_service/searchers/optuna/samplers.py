"""Optuna's samplers by name: which there are, what they take, what they cannot search."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from math import prod
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.samplers import BaseSampler, PartialFixedSampler

from search_service.domain.space import Choice, Option
from search_service.errors import InvalidInput, UnknownName
from search_service.searchers.base import Problem
from search_service.searchers.optuna.names import ADAPTIVE, FIXING, WALKING
from search_service.searchers.optuna.options import check_types

POINTER = "/searcher/parameters"
OPTIONS = f"{POINTER}/options"
_LARGEST_GRID = 100_000  # GridSampler keeps every point in memory
_FIXED_EXAMPLE = '{"fixed_params": {"resolution": 32}, "base_sampler": "TPESampler"}'


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A sampler with its options, and the choices that it leaves alone."""

    sampler: str
    options: Mapping[str, Any]
    fixed: Mapping[str, Option] = field(default_factory=dict)  # by the name of the choice

    @property
    def walks(self) -> bool:
        """Whether what was measured is nothing to it."""
        return self.sampler in WALKING


def choose(sampler: str, options: Mapping[str, Any]) -> Chosen:
    """The sampler of this name. PartialFixedSampler takes `fixed_params`, `base_sampler` (a name)
    and `base_options`, and is the base sampler with something fixed.

    Raises UnknownName or InvalidInput for what the sampler's class does not take, and where it
    needs a package that is missing.
    """
    if sampler == FIXING:
        return _choose_fixed(options)
    if sampler == "CmaEsSampler" and find_spec("cmaes") is None:
        raise InvalidInput(
            "CmaEsSampler needs the package cmaes where the service runs: pip install cmaes",
            pointer=f"{POINTER}/sampler",
        )
    check_types(sampler, options, pointer=OPTIONS)
    chosen = Chosen(sampler=sampler, options=options)
    try:
        make_sampler(chosen, seed=0)
    except ValueError as error:
        raise InvalidInput(f"{sampler}: {error}", pointer=OPTIONS) from None
    return chosen


def check_problem(chosen: Chosen, problem: Problem) -> None:
    """Raises InvalidInput for a problem that the sampler cannot search, saying what could."""
    pointer = f"{POINTER}/sampler"
    if chosen.sampler == "CmaEsSampler" and problem.objectives > 1:
        raise InvalidInput(
            f"CmaEsSampler knows one objective, this search has {problem.objectives}; "
            "name one, or take NSGAIISampler, TPESampler or GPSampler",
            pointer=pointer,
        )
    indices = fixed_indices(chosen, problem.space.choices)
    if chosen.sampler == "GridSampler":
        points = prod(
            1 if choice.name in indices else len(choice.options) for choice in problem.space.choices
        )
        if points > _LARGEST_GRID:
            raise InvalidInput(
                f"GridSampler holds at most {_LARGEST_GRID} points, this space has {points}; "
                "take QMCSampler or BruteForceSampler",
                pointer=pointer,
            )


def fixed_indices(chosen: Chosen, choices: Sequence[Choice]) -> dict[str, int]:
    """The index of the fixed option by the name of its choice; raises as `check_problem`."""
    known = {choice.name: choice.options for choice in choices}
    indices = {}
    for name, option in chosen.fixed.items():
        pointer = f"{OPTIONS}/fixed_params/{name}"
        if name not in known:
            raise UnknownName(
                f"unknown choice {name!r}; known: {', '.join(known)}", pointer=pointer
            )
        if option not in known[name]:
            options = ", ".join(map(str, known[name]))
            raise InvalidInput(
                f"{name} must be fixed to one of {options}, got {option}", pointer=pointer
            )
        indices[name] = known[name].index(option)
    return indices


def distributions(
    choices: Sequence[Choice], *, categorical: bool = False, fixed: Mapping[str, int] | None = None
) -> dict[str, BaseDistribution]:
    """Option indices as Optuna describes them; those that are fixed have one value."""
    described: dict[str, BaseDistribution] = {}
    for choice in choices:
        low, high = 0, len(choice.options) - 1
        if fixed and choice.name in fixed:
            low = high = fixed[choice.name]
        described[choice.name] = (
            CategoricalDistribution(tuple(range(low, high + 1)))
            if categorical
            else IntDistribution(low, high)
        )
    return described


def make_sampler(
    chosen: Chosen,
    *,
    seed: int,
    fixed: Mapping[str, int] | None = None,
    grid: Mapping[str, Sequence[int]] | None = None,
) -> BaseSampler:
    """A sampler with this seed, which takes `fixed` option indices; a GridSampler over `grid`.

    That it is experimental was the user's choice: it is not told.
    """
    options = dict(chosen.options)
    if chosen.sampler == "GridSampler":
        options["search_space"] = grid or {}
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made: BaseSampler = getattr(optuna.samplers, chosen.sampler)(**options, seed=seed)
        return PartialFixedSampler(dict(fixed), made) if fixed else made


def _choose_fixed(options: Mapping[str, Any]) -> Chosen:
    known = ("fixed_params", "base_sampler", "base_options")
    for name in options:
        if name not in known:
            raise UnknownName(
                f"unknown option {name!r} of {FIXING}; known: {', '.join(known)}",
                pointer=f"{OPTIONS}/{name}",
            )
    fixed = options.get("fixed_params")
    if not isinstance(fixed, Mapping) or not fixed:
        raise InvalidInput(
            f"{FIXING} needs options such as {_FIXED_EXAMPLE}", pointer=f"{OPTIONS}/fixed_params"
        )
    for name, option in fixed.items():
        if isinstance(option, bool) or not isinstance(option, int | float):
            raise InvalidInput(
                f"{name} must be fixed to a number, got {option!r}",
                pointer=f"{OPTIONS}/fixed_params/{name}",
            )
    base, bases = options.get("base_sampler", "TPESampler"), (*ADAPTIVE, *WALKING)
    if base not in bases:
        raise InvalidInput(
            f"base_sampler must be one of {', '.join(sorted(bases))}, got {base!r}",
            pointer=f"{OPTIONS}/base_sampler",
        )
    below = options.get("base_options", {})
    if not isinstance(below, Mapping):
        raise InvalidInput(
            f"base_options must be an object, got {below!r}", pointer=f"{OPTIONS}/base_options"
        )
    try:
        chosen = choose(base, below)
    except InvalidInput as error:
        error.pointer = (
            f"{OPTIONS}/base_options{error.pointer.removeprefix(OPTIONS)}"
            if error.pointer.startswith(OPTIONS)
            else f"{OPTIONS}/base_sampler"
        )
        raise
    return Chosen(sampler=chosen.sampler, options=chosen.options, fixed=fixed)
