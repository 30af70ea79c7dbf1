"""Proposers of architectures, by name; neither torch nor Optuna is imported before it is needed.

searcher = searchers.build("nsga2", problem=problem, seed=0, window=16, parameters={})
"""

from collections.abc import Mapping
from typing import Any

from search_service.domain.parameters import parameters_schema, read_parameters
from search_service.domain.seed import require_seed
from search_service.errors import UnknownName
from search_service.searchers import evolution as evolution
from search_service.searchers import exhaustive as exhaustive
from search_service.searchers import nsga2 as nsga2
from search_service.searchers import optuna as optuna
from search_service.searchers import uniform as uniform
from search_service.searchers.base import Problem, Searcher
from search_service.searchers.table import SEARCHERS, Entry

__all__ = ["SEARCHERS", "build", "check", "schema"]

_POINTER = "/searcher/parameters"


def build(
    name: str, *, problem: Problem, seed: int, window: int, parameters: Mapping[str, Any]
) -> Searcher:
    """The searcher of this name. Raises as `check` does, and InvalidInput for a negative seed."""
    require_seed(seed)
    check(name, parameters, problem=problem)
    entry = _entry(name)
    read = read_parameters(entry.parameters, parameters, pointer=_POINTER)
    return entry.searcher(problem=problem, seed=seed, window=window, parameters=read)


def check(name: str, parameters: Mapping[str, Any], *, problem: Problem | None = None) -> None:
    """Raises UnknownName for an unknown searcher or parameter, InvalidInput for a bad value or for
    a problem that the searcher does not solve; the pointers are those of a job's body."""
    entry = _entry(name)
    read = read_parameters(entry.parameters, parameters, pointer=_POINTER)
    if problem is not None and entry.check_problem is not None:
        entry.check_problem(problem, read)


def schema(name: str) -> dict[str, Any]:
    """JSON schema of a searcher's parameters."""
    return parameters_schema(_entry(name).parameters)


def _entry(name: str) -> Entry:
    try:
        return SEARCHERS[name]
    except UnknownName as error:
        raise UnknownName(error.detail, pointer="/searcher/name") from None
