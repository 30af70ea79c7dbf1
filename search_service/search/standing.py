"""Where a search stands: its outcomes by number, reference point, front and hypervolume."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from search_service.domain import pareto
from search_service.domain.evaluation import Evaluation, EvaluationState, Value
from search_service.domain.space import Architecture
from search_service.domain.spec import Constraint
from search_service.domain.unmet import Reach, Unmet
from search_service.search.archive import Archive
from search_service.searchers.base import Told

REFERENCE_EVALUATIONS = 16  # the first so many fix the reference point
REFERENCE_MARGIN = 0.1


@dataclass
class Standing:
    """Grows by `add`, in any order of numbers. Questions about a prefix `0 … k-1` have one answer
    however the rest came in."""

    objectives: tuple[str, ...]
    top_rung: int  # only evaluations judged there can be on the front; -1 without a ladder
    constraints: Sequence[Constraint]
    evaluations: dict[int, Evaluation] = field(default_factory=dict)
    rung_values: dict[int, Sequence[Mapping[str, Value]]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)  # of the complete prefix
    reference_point: dict[str, float] | None = None
    hypervolumes: list[float | None] = field(default_factory=list)  # after each of the prefix
    _pending: dict[int, Told] = field(default_factory=dict)  # finished, beyond the prefix

    def __post_init__(self) -> None:
        count = len(self.objectives)
        self._front = Archive[Evaluation](count)  # by best values
        self._reach = Reach(self.constraints)
        self._prefix_front = Archive[None](count)  # of the prefix, by the search's values

    def add(
        self,
        evaluation: Evaluation,
        rung_values: Sequence[Mapping[str, Value]],
        *,
        architecture: Architecture,
        violation: float,
    ) -> None:
        """Enter a finished evaluation, and advance the prefix as far as it is complete."""
        self.evaluations[evaluation.number] = evaluation
        self.rung_values[evaluation.number] = rung_values
        numbers = {name: value.value for name, value in evaluation.values.items()}
        self._reach.add(evaluation.id, evaluation.state, numbers)
        if self.eligible(evaluation):
            self._front.add(evaluation, self.costs([evaluation])[0])
        self._pending[evaluation.number] = self._told(evaluation, architecture, violation)
        while len(self.told) in self._pending:
            number = len(self.told)
            self.told.append(self._pending.pop(number))
            self._advance(self.evaluations[number])

    def unmet(self) -> Unmet | None:
        """How near the nearest came, while nothing meets the constraints."""
        return self._reach.unmet()

    def rivals(self, prefix: int, rung: int) -> list[Mapping[str, Value]]:
        """Values at a rung of those among the first `prefix` evaluations that meet everything."""
        return [
            self.rung_values[number][rung]
            for number in range(prefix)
            if self.evaluations[number].state is EvaluationState.MEASURED
            and len(self.rung_values[number]) > rung
        ]

    def contenders(self) -> list[Evaluation]:
        """Measured evaluations that reached the top of the ladder, by number."""
        return [
            self.evaluations[number]
            for number in sorted(self.evaluations)
            if self.eligible(self.evaluations[number])
        ]

    def eligible(self, evaluation: Evaluation) -> bool:
        """Whether an evaluation can be on the front."""
        return evaluation.state is EvaluationState.MEASURED and evaluation.rung == self.top_rung

    def front(self) -> tuple[Evaluation, ...]:
        """The contenders that no other one dominates, by their search-time values: the same tuple
        until there are others."""
        return self._front.members

    def front_hypervolume(self) -> float | None:
        """Of the front."""
        reference = self._reference()
        return None if reference is None else self._front.hypervolume(reference)

    def hypervolume(self, evaluations: Sequence[Evaluation]) -> float | None:
        """Of these evaluations up to the reference point; None before that is fixed."""
        reference = self._reference()
        return None if reference is None else pareto.hypervolume(self.costs(evaluations), reference)

    def costs(self, evaluations: Sequence[Evaluation]) -> np.ndarray:
        """(n, objectives) of their best values."""
        rows = [[e.best_values[name].value for name in self.objectives] for e in evaluations]
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(self.objectives))

    def stalled(self, prefix: int, *, evaluations: int, min_gain: float) -> bool:
        """Whether the hypervolume of the first `prefix` grew by less than `min_gain`, relative to
        itself, in the last `evaluations` of them."""
        if prefix <= evaluations:
            return False
        now, then = self.hypervolumes[prefix - 1], self.hypervolumes[prefix - 1 - evaluations]
        return now is not None and then is not None and now - then < min_gain * now

    def _advance(self, evaluation: Evaluation) -> None:
        if self.eligible(evaluation):
            costs = np.array([evaluation.values[n].value for n in self.objectives])
            self._prefix_front.add(None, costs)
        if self.reference_point is None and len(self.told) >= REFERENCE_EVALUATIONS:
            self.fix_reference_point()
        reference = self._reference()
        self.hypervolumes.append(
            None if reference is None else self._prefix_front.hypervolume(reference)
        )

    def fix_reference_point(self) -> None:
        """A tenth beyond the worst of the prefix so far in each objective, unless it is fixed."""
        worst = self._prefix_front.worst
        if self.reference_point is None and worst is not None:
            point = worst + REFERENCE_MARGIN * np.abs(worst)
            self.reference_point = dict(zip(self.objectives, map(float, point), strict=True))

    def _reference(self) -> np.ndarray | None:
        if self.reference_point is None:
            return None
        return np.array([self.reference_point[name] for name in self.objectives])

    def _told(self, evaluation: Evaluation, architecture: Architecture, violation: float) -> Told:
        known = all(name in evaluation.values for name in self.objectives)
        usable = known and evaluation.state is not EvaluationState.FAILED
        costs = tuple(evaluation.values[name].value for name in self.objectives) if usable else None
        return Told(architecture=architecture, costs=costs, violation=violation)
