"""Jobs and how they went."""

from typing import Any, Self

from pydantic import BaseModel

from api.schemas.answers.values import timestamp
from search_service.domain.job import Job


class JobAnswer(BaseModel):
    """A job."""

    id: str
    kind: str
    supernet: str | None  # none: a training from nothing
    spec: dict[str, Any]
    state: str
    reason: str
    attempt: int
    priority: int
    team: str
    labels: dict[str, str]
    evaluations: int
    front_size: int
    hypervolume: float | None
    result: dict[str, Any] | None  # what it made, once it has succeeded
    reference_point: dict[str, float] | None
    created_at: str
    started_at: str | None
    finished_at: str | None

    @classmethod
    def of(cls, job: Job) -> Self:
        fields = {n: getattr(job, n) for n in cls.model_fields if not n.endswith("_at")}
        return cls(
            **fields | {"supernet": job.supernet or None},
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
