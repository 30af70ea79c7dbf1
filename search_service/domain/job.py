"""A job: a stored spec with a state, and the table of steps a state allows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from search_service.errors import IllegalTransition


class JobKind(StrEnum):
    """What a job does."""

    SEARCH = "search"
    TRAIN = "train"
    FINETUNE = "finetune"
    SCORE = "score"


class JobState(StrEnum):
    """Where a job is; the last three are terminal."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        """Nothing but a retry follows."""
        return self in (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


class JobStep(StrEnum):
    """What a user may ask of a job."""

    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    RETRY = "retry"


DEFAULT_TEAM = "default"
_TEAM_LABEL = "team"

_STEPS: dict[JobState, dict[JobStep, JobState]] = {
    JobState.QUEUED: {JobStep.CANCEL: JobState.CANCELLED},
    JobState.RUNNING: {JobStep.CANCEL: JobState.CANCELLED, JobStep.PAUSE: JobState.PAUSED},
    JobState.PAUSED: {JobStep.CANCEL: JobState.CANCELLED, JobStep.RESUME: JobState.RUNNING},
    JobState.SUCCEEDED: {},
    JobState.FAILED: {JobStep.RETRY: JobState.QUEUED},
    JobState.CANCELLED: {JobStep.RETRY: JobState.QUEUED},
}
# A step repeated on the state it leads to is answered with that state and changes nothing.
_REPEATED = {
    (JobState.CANCELLED, JobStep.CANCEL),
    (JobState.PAUSED, JobStep.PAUSE),
    (JobState.RUNNING, JobStep.RESUME),
}


def state_after(state: JobState, step: JobStep) -> JobState:
    """The state a step leads to. Raises IllegalTransition, naming the steps that are allowed."""
    if (state, step) in _REPEATED:
        return state
    if step not in _STEPS[state]:
        allowed = ", ".join(_STEPS[state]) or "none"
        raise IllegalTransition(f"a {state} job cannot {step}; allowed steps: {allowed}")
    return _STEPS[state][step]


def team_of(labels: Mapping[str, str]) -> str:
    """Whose a job is: what its label `team` says, for nothing else tells users apart."""
    return labels.get(_TEAM_LABEL) or DEFAULT_TEAM


@dataclass(frozen=True, kw_only=True)
class Job:
    """One row of the queue. `attempt` counts retries; `fence` counts claims."""

    id: str
    kind: JobKind
    supernet: str = ""  # id; empty for a training from nothing
    spec: Mapping[str, Any]  # the JSON shape of the kind's spec
    state: JobState = JobState.QUEUED
    reason: str = ""  # budget, converged, exhausted, or the error's one line
    attempt: int = 1
    priority: int = 0  # higher is claimed first
    team: str = DEFAULT_TEAM  # whose share of the workers it takes; see `team_of`
    labels: Mapping[str, str] = field(default_factory=dict)
    reference_point: Mapping[str, float] | None = None  # fixed once, by the first evaluations
    evaluations: int = 0  # recorded
    front_size: int = 0
    hypervolume: float | None = None
    result: Mapping[str, Any] | None = None  # what it made, once it has succeeded
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to work on a job until the lease ends, unless renewed.

    `fence` grows with every claim of the job; a write that carries an older one is refused.
    """

    job: Job
    worker: str
    fence: int
    lease_until: datetime


@dataclass(frozen=True, kw_only=True)
class JobChange:
    """What a user may change of a job; None leaves a field as it is."""

    priority: int | None = None
    labels: Mapping[str, str] | None = None  # instead of those it has; they name the team
    budget: Mapping[str, Any] | None = None  # of a search, instead of the one in its spec


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How an attempt ended, as told by what ran it."""

    state: JobState
    reason: str = ""
    result: Mapping[str, Any] | None = None  # what it made, for the job's record
