"""Commands on jobs: accept one, and a user's steps. A refusal comes here, in milliseconds."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from search_service.domain.ids import new_id
from search_service.domain.job import Job, JobChange, JobKind, JobStep, team_of
from search_service.errors import InvalidInput, UnknownName
from search_service.jobs import finetune, score, search, train
from search_service.jobs.checks import Accepted
from search_service.queue import WakeUps
from search_service.storage.base import Storage

ACCEPT: Mapping[JobKind, Callable[..., Accepted]] = {
    JobKind.SEARCH: search.accept,
    JobKind.TRAIN: train.accept,
    JobKind.FINETUNE: finetune.accept,
    JobKind.SCORE: score.accept,
}


def submit(
    kind: str,
    spec: Mapping[str, Any],
    *,
    priority: int = 0,
    labels: Mapping[str, str] | None = None,
    storage: Storage,
    wake_ups: WakeUps,
) -> Job:
    """Accept a job. Its row is stored before any worker is woken.

    `spec` has the shape of the HTTP body's `spec`, its types already checked. Raises InvalidInput
    (or a subclass) whose pointer names the field, and Conflict for what is there but cannot serve.
    """
    if kind not in ACCEPT:
        known = ", ".join(ACCEPT)
        raise UnknownName(f"unknown kind of job {kind!r}; known: {known}", pointer="/kind")
    accepted = ACCEPT[JobKind(kind)](spec, storage=storage)
    job = Job(
        id=new_id("job"),
        kind=JobKind(kind),
        supernet=accepted.supernet,
        spec=accepted.spec,
        priority=priority,
        team=team_of(labels or {}),
        labels=dict(labels or {}),
        created_at=datetime.now(UTC),
    )
    storage.jobs.add(job)
    wake_ups.ring()
    return job


def step(job_id: str, step: JobStep, *, storage: Storage, wake_ups: WakeUps) -> Job:
    """Cancel, pause, resume or retry; raises NotFound, IllegalTransition."""
    job = storage.jobs.step(job_id, step)
    wake_ups.ring()
    return job


def change(job_id: str, change: JobChange, *, storage: Storage, wake_ups: WakeUps) -> Job:
    """Another priority, other labels, another budget of a search; a running search goes on under it
    within seconds. Raises NotFound, Conflict, InvalidInput."""
    if change.budget is not None:
        job = storage.jobs.get(job_id)
        if job.kind is not JobKind.SEARCH:
            raise InvalidInput(
                f"a {job.kind} job has no budget, only a search has", pointer="/budget"
            )
        change = replace(change, budget=search.accept_budget(job.spec, change.budget))
    job = storage.jobs.change(job_id, change)
    wake_ups.ring()
    return job


__all__ = ["change", "step", "submit"]
