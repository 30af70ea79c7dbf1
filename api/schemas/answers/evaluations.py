"""Evaluations, and the best of them."""

from typing import Self

from pydantic import BaseModel

from api.schemas.answers.values import ValueAnswer, timestamp, values_of
from search_service.domain.evaluation import Evaluation
from search_service.domain.front import Best


class EvaluationAnswer(BaseModel):
    """One evaluation: values of the search, and the re-measured ones where there are any."""

    id: str
    job: str
    supernet: str
    number: int
    architecture: dict[str, int | float]
    text: str
    state: str
    reason: str
    rung: int
    values: dict[str, ValueAnswer]
    final_values: dict[str, ValueAnswer]
    cached: bool
    cost_seconds: float
    samples: str | None
    created_at: str

    @classmethod
    def of(cls, evaluation: Evaluation) -> Self:
        return cls(
            id=evaluation.id,
            job=evaluation.job,
            supernet=evaluation.supernet,
            number=evaluation.number,
            architecture=dict(evaluation.options),
            text=evaluation.architecture,
            state=evaluation.state,
            reason=evaluation.reason,
            rung=evaluation.rung,
            values=values_of(evaluation.values),
            final_values=values_of(evaluation.final_values),
            cached=evaluation.cached,
            cost_seconds=evaluation.seconds,
            samples=evaluation.samples_artifact,
            created_at=timestamp(evaluation.created_at) or "",
        )


class EvaluationPage(BaseModel):
    """A page of evaluations; `next_page_token` is absent at the end."""

    evaluations: list[EvaluationAnswer]
    next_page_token: str | None = None


class BestAnswer(BaseModel):
    """The best under constraints, and what noise cannot tell from it. `support` counts the
    evaluations that meet them, and how many of the next best ones were compared with the best."""

    evaluation: EvaluationAnswer | None
    interval: tuple[float, float] | None
    tied: list[EvaluationAnswer]
    support: dict[str, int]

    @classmethod
    def of(cls, best: Best) -> Self:
        return cls(
            evaluation=EvaluationAnswer.of(best.evaluation) if best.evaluation else None,
            interval=best.interval,
            tied=[EvaluationAnswer.of(e) for e in best.tied],
            support={"evaluations": best.support, "compared": best.compared},
        )
