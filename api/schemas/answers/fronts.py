"""A front, the same from every route."""

from collections.abc import Mapping, Sequence
from typing import Self

from pydantic import BaseModel

from api.schemas.answers.values import ValueAnswer, values_of
from search_service.domain.evaluation import Evaluation
from search_service.domain.front import Front


class FrontPoint(BaseModel):
    """One member of a front. `search_values` are those that it was found by; once it has been
    measured again on what the search never saw, `values` are those of the end. `tied` are, by
    objective, the other members that noise cannot tell from it."""

    evaluation: str
    architecture: dict[str, int | float]
    text: str
    values: dict[str, ValueAnswer]
    search_values: dict[str, ValueAnswer]
    tied: dict[str, list[str]]

    @classmethod
    def of(cls, evaluation: Evaluation, ties: Mapping[str, Sequence[str]]) -> Self:
        return cls(
            evaluation=evaluation.id,
            architecture=dict(evaluation.options),
            text=evaluation.architecture,
            values=values_of(evaluation.best_values),
            search_values=values_of(evaluation.values),
            tied={name: list(others) for name, others in ties.items()},
        )


class ObjectiveAnswer(BaseModel):
    """An objective of a front."""

    name: str
    device: str | None = None


class FrontAnswer(BaseModel):
    """A front, best first objective first."""

    supernet: str
    job: str | None
    objectives: list[ObjectiveAnswer]
    reference_point: dict[str, float]
    hypervolume: float | None
    points: list[FrontPoint]

    @classmethod
    def of(cls, front: Front) -> Self:
        return cls(
            supernet=front.supernet,
            job=front.job,
            objectives=[
                ObjectiveAnswer(name=o.name, device=o.device or None) for o in front.objectives
            ],
            reference_point=dict(front.reference_point),
            hypervolume=front.hypervolume,
            points=[FrontPoint.of(point, front.ties.get(point.id, {})) for point in front.points],
        )
