"""Exhaustive search: every admitted architecture once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from search_service.domain.space import Architecture, enumerate_space
from search_service.searchers.base import Problem, Told
from search_service.searchers.proposed import quick_to_look_in
from search_service.searchers.table import SEARCHERS, Entry


@dataclass(frozen=True, kw_only=True)
class ExhaustiveParameters:
    """Exhaustive search has none."""


@dataclass(kw_only=True)
class ExhaustiveSearcher:
    """Lexicographic order of the options, cheapest option first."""

    problem: Problem
    seed: int
    window: int
    parameters: ExhaustiveParameters
    _walked: list[Architecture] = field(default_factory=list, init=False)
    _walk: Iterator[Architecture] = field(init=False)

    def __post_init__(self) -> None:
        self._walk = filter(self.problem.admits, enumerate_space(self.problem.space))

    def ask(self, proposed: Sequence[Architecture], told: Sequence[Told]) -> Architecture | None:
        """See Searcher. The first in order that was not proposed; the walk so far is the memo."""
        taken = quick_to_look_in(proposed)
        for architecture in self._walked:
            if architecture not in taken:
                return architecture
        for architecture in self._walk:
            self._walked.append(architecture)
            if architecture not in taken:
                return architecture
        return None


SEARCHERS.register("exhaustive")(
    Entry(searcher=ExhaustiveSearcher, parameters=ExhaustiveParameters)
)
