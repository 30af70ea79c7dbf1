"""A search of which nothing has met the constraints so far: how near the nearest came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from search_service.domain.evaluation import EvaluationState
from search_service.domain.spec import Constraint


@dataclass(frozen=True, kw_only=True)
class Unmet:
    """None of so many `evaluated` architectures meets `constraints`. The nearest is the evaluation
    with the least total violation; `values` are those by which it breaks them, by name."""

    evaluated: int
    constraints: tuple[str, ...]
    nearest: str
    values: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """As `progress` events tell it."""
        return {
            "evaluated": self.evaluated,
            "constraints": list(self.constraints),
            "nearest": {"evaluation": self.nearest, "values": dict(self.values)},
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        return cls(
            evaluated=told["evaluated"],
            constraints=tuple(told["constraints"]),
            nearest=told["nearest"]["evaluation"],
            values=told["nearest"]["values"],
        )


@dataclass
class Reach:
    """How far evaluations reach towards constraints; grows by `add`, in any order."""

    constraints: Sequence[Constraint]
    _broken: int = field(default=0, init=False)
    _met: bool = field(default=False, init=False)
    _nearest: tuple[float, str, Mapping[str, float]] | None = field(default=None, init=False)

    def add(self, evaluation: str, state: EvaluationState, values: Mapping[str, float]) -> None:
        """One evaluation, by its id; one that failed says nothing of the constraints."""
        if state is EvaluationState.MEASURED:
            self._met = True
        if state is not EvaluationState.INFEASIBLE:
            return
        self._broken += 1
        least = total_violation(self.constraints, values), evaluation
        if self._nearest is None or least < self._nearest[:2]:
            broken = [
                c.name
                for c in self.constraints
                if c.name in values and c.violation(values[c.name]) > 0
            ]
            self._nearest = *least, {name: values[name] for name in broken}

    def unmet(self) -> Unmet | None:
        """None as soon as one meets them all, and before any was judged."""
        if self._met or self._nearest is None:
            return None
        _, nearest, values = self._nearest
        return Unmet(
            evaluated=self._broken,
            constraints=tuple(map(str, self.constraints)),
            nearest=nearest,
            values=values,
        )


def total_violation(constraints: Sequence[Constraint], values: Mapping[str, float]) -> float:
    """The relative violations of the constraints whose values are known, added."""
    return sum(c.violation(values[c.name]) for c in constraints if c.name in values)
