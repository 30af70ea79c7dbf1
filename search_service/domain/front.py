"""A Pareto front and a best evaluation, as users see them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from search_service.domain.evaluation import Evaluation
from search_service.domain.spec import ObjectiveSpec
from search_service.domain.ties import Tied

# By objective: the places of the points that noise cannot tell from each other.
Ties = Mapping[str, Tied]


@dataclass(frozen=True, kw_only=True)
class Front:
    """`points` are sorted by the first objective, best first; `job` is None over all jobs.

    The values that a front is made of are each point's `best_values`.
    """

    supernet: str
    job: str | None
    objectives: tuple[ObjectiveSpec, ...]
    points: tuple[Evaluation, ...]
    reference_point: Mapping[str, float]
    hypervolume: float | None
    ties: Ties = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Best:
    """The least value under constraints, the evaluations that noise cannot tell from it, and how
    many stored evaluations could have been the answer. Only the next best ones were compared with
    it, `compared` of them: where all of them are tied, more may be."""

    evaluation: Evaluation | None
    interval: tuple[float, float] | None
    tied: tuple[Evaluation, ...]
    support: int
    compared: int
