"""The contract of jobs."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Protocol

from search_service.domain.job import Claim, Job, JobChange, JobState, JobStep
from search_service.storage.base.paging import Page


class Jobs(Protocol):
    """The queue and its truth."""

    def add(self, job: Job) -> None:
        """Store a queued job, with its first `state` event."""
        ...

    def get(self, job_id: str) -> Job:
        """Raises NotFound."""
        ...

    def last_events(self, job_ids: Collection[str]) -> Mapping[str, tuple[int, datetime]]:
        """Sequence number and time of the latest event of each; those that do not exist are left
        out. What a job is, and what belongs to it, changes only with an event, but for its claim.
        The time tells apart events that had one number, where a database went back to an older
        state and on from there."""
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
        """Take a job that is queued, or running with a lease that has ended: the one of highest
        priority; among equals that of the team with the fewest jobs running under a standing lease;
        of these the oldest. One conditional statement: of two callers one gets it; two at the very
        same moment may count alike. The job becomes running (a `state` event if it was queued) and
        its fence grows by one."""
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

    def change(self, job_id: str, change: JobChange) -> Job:
        """Change what the user may, with a `log` event that says it; what is so already changes
        nothing. Another budget ends the present claim of a running job, as a step does, so that
        whoever claims it next goes on under it. Raises NotFound, Conflict for the priority or
        budget of a terminal job, InvalidInput for a budget below what is recorded."""
        ...

    def finish(
        self, claim: Claim, *, state: JobState, reason: str, result: Mapping[str, Any] | None = None
    ) -> Job:
        """Make it terminal, with what it made and with `state` and `end` events; raises LostClaim.
        It ends the claim."""
        ...
