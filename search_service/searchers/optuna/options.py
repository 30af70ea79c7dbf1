"""What JSON can give to a class of Optuna's samplers: read off its signature."""

import inspect
import math
import re
from collections.abc import Mapping
from typing import Any

import optuna

from search_service.errors import InvalidInput, UnknownName

_PLAIN = re.compile(r"(bool|int|float|str)( \| None)?")  # annotations that JSON can give
_TYPES: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "str": (str,),
}
# Below these a sampler fails in the middle of a search, in numpy's words.
_LEAST: dict[str, float] = {
    "dividing_parameter": 1,
    "n_ei_candidates": 1,
    "popsize": 4,
    "prior_weight": 1e-6,
    "sigma0": 1e-6,
}
_USELESS = {
    "avoid_premature_stop": "a search ends when nothing is left, not before",
    "consider_pruned_trials": "nothing is pruned here",
    "inc_popsize": "this version of Optuna does not restart CMA-ES",
    "restart_strategy": "this version of Optuna does not restart CMA-ES",
    "with_margin": "it learns from points that were drawn, and some are replaced here",
}


def check_types(sampler: str, options: Mapping[str, Any], *, pointer: str) -> None:
    """Raises UnknownName for an option that the class does not have, InvalidInput for one of
    another type, out of bounds, or of no effect here. `pointer` is where the options stand."""
    known = _options_of(sampler)
    for name, value in options.items():
        at = f"{pointer}/{name}"
        if name in _USELESS:
            raise InvalidInput(f"leave out option {name!r}: {_USELESS[name]}", pointer=at)
        if name not in known:
            names = ", ".join(known) or "none"
            raise UnknownName(f"unknown option {name!r} of {sampler}; known: {names}", pointer=at)
        is_bool = isinstance(value, bool)
        if not isinstance(value, _TYPES[known[name]]) or is_bool != (known[name] == "bool"):
            raise InvalidInput(f"option {name!r} must be {known[name]}, got {value!r}", pointer=at)
        least = _LEAST.get(name, -math.inf)
        if isinstance(value, int | float) and not least <= value < math.inf:
            wanted = f"at least {least:g}" if name in _LEAST else "finite"
            raise InvalidInput(f"option {name!r} must be {wanted}, got {value}", pointer=at)


def _options_of(sampler: str) -> dict[str, str]:
    """Name to type of the options that JSON can give, without the seed."""
    signature = inspect.signature(getattr(optuna.samplers, sampler))
    matches = {
        name: _PLAIN.fullmatch(str(parameter.annotation))
        for name, parameter in signature.parameters.items()
        if name != "seed" and not name.startswith("warn_") and name not in _USELESS
    }
    return {name: match[1] for name, match in matches.items() if match}
