"""What a searcher is: a function from (seed, history) to the next architecture."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from search_service.domain.space import Architecture, SearchSpace


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is searched.

    `admits` says whether an architecture meets the constraints that are known in closed form; a
    searcher proposes only those it admits. At least one exists (it was checked at submit).
    """

    space: SearchSpace
    objectives: int
    admits: Callable[[Architecture], bool]


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a searcher learns of one finished candidate."""

    architecture: Architecture
    costs: tuple[float, ...] | None  # one per objective, minimised; None when it failed
    violation: float = 0.0  # total relative violation of the measured constraints; 0 is feasible


class Searcher(Protocol):
    """Proposes architectures.

    `ask` is a pure function of the searcher's construction (problem, seed, window, parameters) and
    its arguments: a searcher built anew after a crash gives the same answers. It may keep a memo of
    what it computed for a shorter history, never anything else; randomness comes from
    `default_rng([seed, len(proposed)])`.
    """

    def ask(self, proposed: Sequence[Architecture], told: Sequence[Told]) -> Architecture | None:
        """The next architecture, number `len(proposed)`.

        `proposed`: all before it, in order. `told`: the outcomes of the first `len(told)` of them,
        in order, with `len(told) == max(0, len(proposed) - window)`. Never returns one that was
        proposed before; None when no admitted one is left.
        """
        ...
