"""Where a search stands: its outcomes by number, reference point, front and hypervolume."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from search_service.domain import pareto
from search_service.domain.evaluation import Evaluation, EvaluationState, Value
from search_service.domain.space import Architecture
from search_service.searchers.base import Told

REFERENCE_EVALUATIONS = 16  # the first so many fix the reference point
REFERENCE_MARGIN = 0.1


@dataclass
class Standing:
    """Grows by `add`, in any order of numbers. Questions about a prefix `0 … k-1` have one answer
    however the rest came in."""

    objectives: tuple[str, ...]
    top_rung: int  # only evaluations judged there can be on the front; -1 without a ladder
    evaluations: dict[int, Evaluation] = field(default_factory=dict)
    rung_values: dict[int, Sequence[Mapping[str, Value]]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)  # of the complete prefix
    reference_point: dict[str, float] | None = None
    hypervolumes: list[float | None] = field(default_factory=list)  # after each of the prefix
    _front: list[Evaluation] = field(default_factory=list)
    _pending: dict[int, Told] = field(default_factory=dict)  # finished, beyond the prefix
    _prefix_costs: list[list[float]] = field(default_factory=list)

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
        if self.eligible(evaluation):
            self._front = self._non_dominated([*self._front, evaluation])
        self._pending[evaluation.number] = self._told(evaluation, architecture, violation)
        while len(self.told) in self._pending:
            number = len(self.told)
            self.told.append(self._pending.pop(number))
            self._advance(self.evaluations[number])

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

    def front(self) -> list[Evaluation]:
        """The contenders that no other one dominates, by their search-time values."""
        return list(self._front)

    def hypervolume(self, evaluations: Sequence[Evaluation]) -> float | None:
        """Of these evaluations up to the reference point; None before that is fixed."""
        if self.reference_point is None:
            return None
        reference = np.array([self.reference_point[name] for name in self.objectives])
        return pareto.hypervolume(self.costs(evaluations), reference)

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

    def _non_dominated(self, evaluations: list[Evaluation]) -> list[Evaluation]:
        mask = pareto.non_dominated(self.costs(evaluations))
        return [e for e, keep in zip(evaluations, mask, strict=True) if keep]

    def _advance(self, evaluation: Evaluation) -> None:
        if self.eligible(evaluation):
            self._prefix_costs.append([evaluation.values[n].value for n in self.objectives])
        costs = np.array(self._prefix_costs, dtype=np.float64).reshape(-1, len(self.objectives))
        if self.reference_point is None:
            if len(self.told) < REFERENCE_EVALUATIONS or not len(costs):
                self.hypervolumes.append(None)
                return
            self.fix_reference_point()
            assert self.reference_point is not None
        reference = np.array([self.reference_point[name] for name in self.objectives])
        kept = costs[pareto.non_dominated(costs)]
        self._prefix_costs = kept.tolist()
        self.hypervolumes.append(pareto.hypervolume(kept, reference))

    def fix_reference_point(self) -> None:
        """A tenth beyond the worst of the prefix so far in each objective, unless it is fixed."""
        if self.reference_point is not None or not self._prefix_costs:
            return
        worst = np.array(self._prefix_costs).max(axis=0)
        point = worst + REFERENCE_MARGIN * np.abs(worst)
        self.reference_point = dict(zip(self.objectives, map(float, point), strict=True))

    def _told(self, evaluation: Evaluation, architecture: Architecture, violation: float) -> Told:
        known = all(name in evaluation.values for name in self.objectives)
        usable = known and evaluation.state is not EvaluationState.FAILED
        costs = tuple(evaluation.values[name].value for name in self.objectives) if usable else None
        return Told(architecture=architecture, costs=costs, violation=violation)
