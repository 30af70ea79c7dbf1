"""Jobs in memory."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from search_service.domain.job import Claim, Job, JobChange, JobState, JobStep
from search_service.storage import changes, tokens
from search_service.storage.base import Page
from search_service.storage.clock import lease_end
from search_service.storage.memory.tables import JobRecord, Tables
from search_service.storage.values import by_value


class MemoryJobs:
    """See `base.Jobs`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def add(self, job: Job) -> None:
        job = by_value(job)
        with self._tables.lock:
            record = JobRecord(job=job)
            record.apply(changes.added(job), now=self._tables.clock())
            self._tables.jobs[job.id] = record

    def get(self, job_id: str) -> Job:
        with self._tables.lock:
            return by_value(self._tables.job(job_id).job)

    def last_events(self, job_ids: Collection[str]) -> Mapping[str, tuple[int, datetime]]:
        with self._tables.lock:
            known = self._tables.jobs
            last = {id_: known[id_].events[-1] for id_ in job_ids if id_ in known}
        return {id_: (event.sequence, event.at) for id_, event in last.items()}

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
        before = tokens.decode(token, "jobs", datetime, str) if token is not None else None
        with self._tables.lock:
            jobs = [record.job for record in self._tables.jobs.values()]
        found = sorted(
            (
                job
                for job in jobs
                if (before is None or (job.created_at, job.id) < before)
                and state in (None, job.state)
                and kind in (None, job.kind)
                and supernet in (None, job.supernet)
                and (label is None or job.labels.get(label[0]) == label[1])
            ),
            key=lambda job: (job.created_at, job.id),
            reverse=True,
        )
        items = tuple(by_value(job) for job in found[:size])
        if len(found) <= size:
            return Page(items=items, next_token=None)
        last = items[-1]
        return Page(
            items=items, next_token=tokens.encode("jobs", last.created_at.isoformat(), last.id)
        )

    def counts(self) -> Mapping[tuple[str, str], int]:
        with self._tables.lock:
            records = list(self._tables.jobs.values())
        return dict(Counter((str(r.job.kind), str(r.job.state)) for r in records))

    def oldest_queued(self) -> datetime | None:
        with self._tables.lock:
            jobs = [record.job for record in self._tables.jobs.values()]
        return min((j.created_at for j in jobs if j.state is JobState.QUEUED), default=None)

    def claim(self, *, worker: str, lease_seconds: float) -> Claim | None:
        lease_end(self._tables.clock(), lease_seconds)  # refused before anything is done
        with self._tables.lock:
            now = self._tables.clock()
            open_ = [record for record in self._tables.jobs.values() if _claimable(record, now)]
            if not open_:
                return None
            at_work = Counter(r.job.team for r in self._tables.jobs.values() if r.is_worked_on(now))
            record = min(
                open_,
                key=lambda r: (-r.job.priority, at_work[r.job.team], r.job.created_at, r.job.id),
            )
            record.apply(changes.claimed(record.job, now=now), now=now)
            record.fence += 1
            return self._leased(record, worker=worker, lease_seconds=lease_seconds)

    def renew(self, claim: Claim, *, lease_seconds: float) -> Claim:
        with self._tables.lock:
            record = self._tables.claimed(claim)
            return self._leased(record, worker=claim.worker, lease_seconds=lease_seconds)

    def release(self, claim: Claim) -> None:
        with self._tables.lock:
            self._tables.claimed(claim).lease_until = self._tables.clock()

    def step(self, job_id: str, step: JobStep) -> Job:
        with self._tables.lock:
            record = self._tables.job(job_id)
            now = self._tables.clock()
            change = changes.stepped(record.job, step, now=now)
            if change.told:
                record.apply(change, now=now)
                self._tables.end_claim(record, now=now)
            return by_value(record.job)

    def change(self, job_id: str, change: JobChange) -> Job:
        with self._tables.lock:
            record = self._tables.job(job_id)
            now = self._tables.clock()
            before, changed = record.job, changes.changed(record.job, by_value(change))
            record.apply(changed, now=now)
            if before.state is JobState.RUNNING and changed.job.spec != before.spec:
                self._tables.end_claim(record, now=now)
            return by_value(record.job)

    def finish(
        self, claim: Claim, *, state: JobState, reason: str, result: Mapping[str, Any] | None = None
    ) -> Job:
        with self._tables.lock:
            record = self._tables.claimed(claim)
            now = self._tables.clock()
            change = changes.finished(
                record.job, state=state, reason=reason, result=result, now=now
            )
            record.apply(change, now=now)
            self._tables.end_claim(record, now=now)
            return by_value(record.job)

    def _leased(self, record: JobRecord, *, worker: str, lease_seconds: float) -> Claim:
        until = lease_end(self._tables.clock(), lease_seconds)
        record.lease_until = until
        return Claim(job=by_value(record.job), worker=worker, fence=record.fence, lease_until=until)


def _claimable(record: JobRecord, now: datetime) -> bool:
    if record.job.state is JobState.RUNNING:
        return not record.is_worked_on(now)
    return record.job.state is JobState.QUEUED
