"""A Pareto front as users see it: points with intervals, a reference point, a hypervolume."""

from collections.abc import Mapping
from dataclasses import dataclass

from search_service.domain.evaluation import Evaluation
from search_service.domain.spec import ObjectiveSpec


@dataclass(frozen=True, kw_only=True)
class Front:
    """`points` are sorted by the first objective, best first; `job` is None over all jobs."""

    supernet: str
    job: str | None
    objectives: tuple[ObjectiveSpec, ...]
    points: tuple[Evaluation, ...]
    reference_point: Mapping[str, float]
    hypervolume: float | None
