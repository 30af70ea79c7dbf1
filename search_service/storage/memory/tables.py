"""What the memory store holds. Every access is under `lock`; nothing inside leaves uncopied."""

import copy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from search_service.domain.evaluation import Evaluation
from search_service.domain.event import Event
from search_service.domain.job import Claim, Job, JobState
from search_service.domain.measurement import Measurement, MeasurementKey
from search_service.domain.supernet import Device, Supernet
from search_service.errors import LostClaim, NotFound
from search_service.storage.base import Answer
from search_service.storage.changes import Change
from search_service.storage.clock import Clock, stands
from search_service.storage.values import by_value

_NOUNS = ("jobs", "supernets", "devices", "measurements", "leases", "answers", "workers")


@dataclass(kw_only=True)
class JobRecord:
    """A job with all that belongs to it."""

    job: Job
    fence: int = 0
    lease_until: datetime | None = None
    events: list[Event] = field(default_factory=list)
    evaluations: dict[int, Evaluation] = field(default_factory=dict)  # by number
    front: set[str] = field(default_factory=set)
    history: list[tuple[int, int, float | None]] = field(default_factory=list)

    def is_worked_on(self, now: datetime) -> bool:
        """Whether a claim stands, its lease renewed."""
        return self.job.state is JobState.RUNNING and stands(self.lease_until, now)

    def apply(self, change: Change, *, now: datetime) -> None:
        """Keep a changed job and tell its events."""
        self.job = by_value(change.job)
        for told in change.told:
            self.events.append(
                Event(
                    job=self.job.id,
                    sequence=len(self.events) + 1,
                    kind=told.kind,
                    data=by_value(told.data),
                    at=now,
                )
            )


@dataclass(kw_only=True)
class Tables:
    """One dict a noun."""

    clock: Clock
    lock: threading.RLock = field(default_factory=threading.RLock)
    jobs: dict[str, JobRecord] = field(default_factory=dict)
    supernets: dict[str, Supernet] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    measurements: dict[MeasurementKey, Measurement] = field(default_factory=dict)
    leases: dict[MeasurementKey, tuple[str, int]] = field(default_factory=dict)  # job id, fence
    workers: dict[str, tuple[str, datetime]] = field(default_factory=dict)  # token, until
    answers: dict[str, tuple[datetime, Answer]] = field(default_factory=dict)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Whatever this thread does meanwhile happens whole, or is undone by an exception."""
        with self.lock:
            before = copy.deepcopy({name: getattr(self, name) for name in _NOUNS})
            try:
                yield
            except BaseException:
                vars(self).update(before)
                raise

    def job(self, job_id: str) -> JobRecord:
        """Raises NotFound."""
        if job_id not in self.jobs:
            raise NotFound(f"no job {job_id!r}")
        return self.jobs[job_id]

    def claimed(self, claim: Claim) -> JobRecord:
        """The record of a job that is still running under this claim; raises LostClaim."""
        record = self.jobs.get(claim.job.id)
        if (
            record is None
            or record.fence != claim.fence
            or record.job.state is not JobState.RUNNING
        ):
            raise LostClaim(f"the claim of {claim.worker} on {claim.job.id} has ended")
        return record

    def is_worked_on(self, job_id: str, fence: int) -> bool:
        """Whether the claim with this fence still stands, its lease renewed."""
        record = self.jobs[job_id]
        return record.fence == fence and record.is_worked_on(self.clock())

    def end_claim(self, record: JobRecord, *, now: datetime) -> None:
        """Older claims can write no more, and nobody holds a lease, on the job or for it."""
        record.fence += 1
        record.lease_until = now
        for key in [key for key, (job, _) in self.leases.items() if job == record.job.id]:
            del self.leases[key]
