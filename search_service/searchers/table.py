"""The table of searchers: each with the parameters it takes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from search_service.registry import Registry
from search_service.searchers.base import Problem, Searcher


class MakeSearcher(Protocol):
    """A searcher's class. `window` is how many candidates may be in flight."""

    def __call__(self, *, problem: Problem, seed: int, window: int, parameters: Any) -> Searcher:
        """A searcher of this problem."""
        ...


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the table holds: the searcher, the dataclass of its parameters, and whether with them
    it can search a problem (InvalidInput if not; None: it searches any)."""

    searcher: MakeSearcher
    parameters: type[Any]
    check_problem: Callable[[Problem, Any], None] | None = None


SEARCHERS: Registry[Entry] = Registry("searcher")
