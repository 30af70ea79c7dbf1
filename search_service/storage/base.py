"""The storage contract.

Every method is one transaction: it happens whole or not at all, and is durable when it returns.
Values go in and come out by value; a caller may keep them. All methods may be called from many
threads and many processes at once. Times are UTC. Methods that take a `Claim` first check, in the
same transaction, that the job is still running under that claim's fence and raise LostClaim
otherwise, having written nothing; the lease's end alone does not end a claim, another claim does.
Every method raises StorageUnavailable when the store does not answer.

Numbers must be finite and times aware: ValueError otherwise, nothing written. JSON columns come
back as JSON gives them (a tuple as a list).

Every change of a job appends events with the job's next sequence numbers in the same transaction;
`storage.changes` says what each kind carries.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from search_service.domain.evaluation import Evaluation, Value
from search_service.domain.event import Event
from search_service.domain.job import Claim, Job, JobState, JobStep
from search_service.domain.measurement import Measurement, MeasurementKey
from search_service.domain.supernet import Device, Supernet

T = TypeVar("T")

ANSWERS_KEPT = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """One page of a listing; `next_token` is None at the end."""

    items: tuple[T, ...]
    next_token: str | None


class Supernets(Protocol):
    """Registered supernets."""

    def add(self, supernet: Supernet) -> None:
        """Store a new one; raises NameTaken."""
        ...

    def get(self, id_or_name: str) -> Supernet:
        """Raises NotFound."""
        ...

    def page(self, *, size: int, token: str | None = None) -> Page[Supernet]:
        """Newest first. Raises InvalidInput for a token that is not one of ours."""
        ...

    def pending(self) -> list[Supernet]:
        """Those that no worker has settled yet, oldest first."""
        ...

    def settle(self, supernet: Supernet) -> None:
        """Replace a pending one by its ready or invalid self; a settled one is left as it is.
        Raises NotFound."""
        ...


class Jobs(Protocol):
    """The queue and its truth."""

    def add(self, job: Job) -> None:
        """Store a queued job, with its first `state` event."""
        ...

    def get(self, job_id: str) -> Job:
        """Raises NotFound."""
        ...

    def page(
        self,
        *,
        size: int,
        token: str | None = None,
        state: str | None = None,
        kind: str | None = None,
        supernet: str | None = None,
        label: tuple[str, str] | None = None,
    ) -> Page[Job]:
        """Newest first, filtered; `supernet` is an id. Raises InvalidInput for a token that is not
        one of ours. A job added meanwhile does not move those that follow."""
        ...

    def counts(self) -> Mapping[tuple[str, str], int]:
        """Jobs by (kind, state); pairs without a job are left out."""
        ...

    def oldest_queued(self) -> datetime | None:
        """When the queued job that has waited longest was created."""
        ...

    def claim(self, *, worker: str, lease_seconds: float) -> Claim | None:
        """Take the job of highest priority, then oldest, that is queued, or running with a lease
        that has ended. One conditional statement: of two callers one gets it. The job becomes
        running (a `state` event if it was queued) and its fence grows by one."""
        ...

    def renew(self, claim: Claim, *, lease_seconds: float) -> Claim:
        """Push the lease's end to `lease_seconds` from now; the claim that comes back carries the
        job as it is now. Raises LostClaim."""
        ...

    def release(self, claim: Claim) -> None:
        """End the lease now, so that any worker may claim the running job; raises LostClaim."""
        ...

    def step(self, job_id: str, step: JobStep) -> Job:
        """A user's step (see `domain.job.state_after`), with its `state` event, and an `end` event
        when it becomes terminal. It ends the present claim: the fence grows, the lease ends. A
        repeated step changes nothing. `retry` raises the attempt and clears reason and times.
        Raises NotFound, IllegalTransition."""
        ...

    def finish(self, claim: Claim, *, state: JobState, reason: str) -> Job:
        """Make it terminal, with `state` and `end` events; raises LostClaim. It ends the claim."""
        ...


class Evaluations(Protocol):
    """What was evaluated."""

    def record(
        self,
        claim: Claim,
        evaluation: Evaluation,
        *,
        front: Sequence[str] | None,
        hypervolume: float | None,
        reference_point: Mapping[str, float] | None,
    ) -> None:
        """Store a finished evaluation, the job's counters and, when it changed, its front (ids of
        evaluations of this job, else ValueError; None: unchanged), with an `evaluation` event and a
        `front` event if changed. The same number recorded twice is left as it was first, with
        everything that came with it. A hypervolume of None keeps the job's. The reference point is
        kept from the first call that gives one. Raises LostClaim."""
        ...

    def record_final(
        self,
        claim: Claim,
        final_values: Mapping[str, Mapping[str, Value]],
        *,
        front: Sequence[str],
        hypervolume: float | None,
    ) -> None:
        """Store the re-measured values by evaluation id, the front they make and its hypervolume,
        with a `front` event. Ids may name only evaluations of this job, else ValueError; values
        stored by an earlier call for an id that is not named stay. Raises LostClaim."""
        ...

    def get(self, evaluation_id: str) -> Evaluation:
        """Raises NotFound."""
        ...

    def of_job(self, job_id: str) -> list[Evaluation]:
        """All, by number; empty for a job that does not exist."""
        ...

    def front_of(self, job_id: str) -> list[Evaluation]:
        """The stored front, in no order."""
        ...

    def of_supernet(self, supernet: str) -> list[Evaluation]:
        """All measured ones of every job, by id."""
        ...

    def history(self, job_id: str) -> list[tuple[int, int, float | None]]:
        """(evaluations recorded, front size, hypervolume) after each recording, in that order."""
        ...

    def page(
        self, job_id: str, *, size: int, token: str | None = None, order_by: str = "number"
    ) -> Page[Evaluation]:
        """By `number`, or by the best value of a named objective, then number; those without a
        value come last. Raises UnknownName (`/order_by`), and InvalidInput for a bad token."""
        ...


class Measurements(Protocol):
    """Every measurement ever made, by content."""

    def find(self, keys: Iterable[MeasurementKey]) -> Mapping[MeasurementKey, Measurement]:
        """Those that are stored. `images_png` is not kept here and comes back as None."""
        ...

    def add(self, key: MeasurementKey, measurement: Measurement) -> Measurement:
        """Store it unless the key is there already; return what is stored (the first one wins)."""
        ...


class Events(Protocol):
    """What a job's stream tells."""

    def read(self, job_id: str, *, after: int = 0, limit: int = 500) -> list[Event]:
        """Events with a sequence above `after`, in order."""
        ...

    def progress(self, claim: Claim, data: Mapping[str, Any]) -> None:
        """Append a `progress` event; raises LostClaim."""
        ...

    def log(self, claim: Claim, message: str) -> None:
        """Append a `log` event; raises LostClaim."""
        ...


class Devices(Protocol):
    """Where latency can be measured."""

    def put(self, device: Device) -> Device:
        """Store it, or replace the protocol of the one with that name, which keeps its id and kind;
        return what is stored."""
        ...

    def get(self, id_or_name: str) -> Device:
        """Raises NotFound."""
        ...

    def all(self) -> list[Device]:
        """By name."""
        ...


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was answered to a request with an idempotency key."""

    fingerprint: str  # of method, path and body
    status: int
    headers: Mapping[str, str]
    body: bytes


class Answers(Protocol):
    """First answers to creating requests, kept for a day."""

    def once(self, key: str, create: Callable[[], Answer]) -> tuple[Answer, bool]:
        """The answer given to this key in the last 24 hours, else that of `create`, which is kept;
        and whether it is new.

        The key, and all that `create` does to this storage in its thread, are one transaction: of
        several calls with one key at once, whatever their processes, one creates and the others
        wait for its answer. An exception of `create` undoes everything and frees the key."""
        ...


class Storage(Protocol):
    """All of it. Opening a store of another schema version raises InvalidSetting."""

    supernets: Supernets
    jobs: Jobs
    evaluations: Evaluations
    measurements: Measurements
    events: Events
    devices: Devices
    answers: Answers

    def ping(self) -> None:
        """Return when the store answers."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...
