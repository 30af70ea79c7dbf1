"""What the API answers, made from domain values; the shapes are those of the contract."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Self

from pydantic import BaseModel

from search_service.domain.evaluation import Evaluation, Value
from search_service.domain.front import Best, Front
from search_service.domain.job import Job
from search_service.domain.supernet import Device, Supernet


def timestamp(at: datetime | None) -> str | None:
    """RFC 3339 in UTC, with a Z."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


class ValueAnswer(BaseModel):
    """A number with its interval and provenance; what does not apply is left out."""

    value: float
    low: float | None = None
    high: float | None = None
    samples: int | None = None
    device: str | None = None
    protocol: str | None = None

    @classmethod
    def of(cls, value: Value) -> Self:
        return cls(
            value=value.value,
            low=value.low,
            high=value.high,
            samples=value.samples,
            device=value.device or None,
            protocol=value.protocol_digest or None,
        )


def values_of(values: Mapping[str, Value]) -> dict[str, ValueAnswer]:
    """By objective."""
    return {name: ValueAnswer.of(value) for name, value in values.items()}


class FrontPoint(BaseModel):
    """One member of a front."""

    evaluation: str
    architecture: dict[str, int | float]
    text: str
    values: dict[str, ValueAnswer]

    @classmethod
    def of(cls, evaluation: Evaluation) -> Self:
        return cls(
            evaluation=evaluation.id,
            architecture=dict(evaluation.options),
            text=evaluation.architecture,
            values=values_of(evaluation.best_values),
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
            points=[FrontPoint.of(point) for point in front.points],
        )


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
    """The best under constraints, and what noise cannot tell from it."""

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
            support={"evaluations": best.support},
        )


class JobAnswer(BaseModel):
    """A job."""

    id: str
    kind: str
    supernet: str
    spec: dict[str, Any]
    state: str
    reason: str
    attempt: int
    priority: int
    labels: dict[str, str]
    evaluations: int
    front_size: int
    hypervolume: float | None
    reference_point: dict[str, float] | None
    created_at: str
    started_at: str | None
    finished_at: str | None

    @classmethod
    def of(cls, job: Job) -> Self:
        return cls(
            **{name: getattr(job, name) for name in cls.model_fields if not name.endswith("_at")},
            created_at=timestamp(job.created_at) or "",
            started_at=timestamp(job.started_at),
            finished_at=timestamp(job.finished_at),
        )


class JobPage(BaseModel):
    """A page of jobs, newest first."""

    jobs: list[JobAnswer]
    next_page_token: str | None = None


class HistoryPoint(BaseModel):
    """Where a job stood after so many evaluations."""

    evaluations: int
    front_size: int
    hypervolume: float | None


class HistoryAnswer(BaseModel):
    """A job's front size and hypervolume over its evaluations."""

    job: str
    points: list[HistoryPoint]


class SupernetAnswer(BaseModel):
    """A registered supernet."""

    id: str
    name: str
    family: str
    parameters: dict[str, Any]
    checkpoint: str
    dataset: str
    feature_extractor: str
    status: str
    reason: str
    digest: str
    protocol: dict[str, Any]
    created_at: str

    @classmethod
    def of(cls, supernet: Supernet) -> Self:
        fields = {n: getattr(supernet, n) for n in cls.model_fields if n != "created_at"}
        return cls(**fields, created_at=timestamp(supernet.created_at) or "")


class SupernetPage(BaseModel):
    """A page of supernets, newest first."""

    supernets: list[SupernetAnswer]
    next_page_token: str | None = None


class ChoiceAnswer(BaseModel):
    """An open decision."""

    name: str
    options: list[int | float]


class SpaceAnswer(BaseModel):
    """A search space."""

    family: str
    size: int
    choices: list[ChoiceAnswer]


class FeasibilityAnswer(BaseModel):
    """What constraints leave of a space."""

    feasible: bool
    fraction: float
    sampled: int
    ranges: dict[str, tuple[float, float]]


class DeviceAnswer(BaseModel):
    """A kind of machine on which latency means something."""

    id: str
    name: str
    kind: str
    protocol: dict[str, Any]
    created_at: str

    @classmethod
    def of(cls, device: Device) -> Self:
        fields = {n: getattr(device, n) for n in cls.model_fields if n != "created_at"}
        return cls(**fields, created_at=timestamp(device.created_at) or "")


class DevicePage(BaseModel):
    """All devices."""

    devices: list[DeviceAnswer]


class NamedAnswer(BaseModel):
    """Something that may be asked for, with its parameters as JSON schema."""

    name: str
    description: str = ""
    unit: str = ""
    parameters: dict[str, Any] = {}


class ProblemAnswer(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[dict[str, str]] = []
