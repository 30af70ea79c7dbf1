"""Jobs in a database: the queue."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    and_,
    delete,
    exists,
    func,
    insert,
    select,
    tuple_,
    update,
)

from search_service.domain.job import Claim, Job, JobChange, JobState, JobStep
from search_service.errors import NotFound
from search_service.storage import changes, tokens
from search_service.storage.base import Page
from search_service.storage.clock import Clock, lease_end
from search_service.storage.sql import claiming, ledger, rows, tables
from search_service.storage.sql.engine import Database
from search_service.storage.values import by_value

_jobs = tables.jobs.c
_events = tables.events.c
_labels = tables.job_labels.c


class SqlJobs:
    """See `base.Jobs`."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, job: Job) -> None:
        job, now = by_value(job), self._clock()
        change = changes.added(job)
        unclaimed = {"fence": 0, "worker": "", "last_event": len(change.told)}
        with self._database.writing() as connection:
            connection.execute(insert(tables.jobs), rows.row_of(job) | unclaimed)
            _insert_labels(connection, job)
            ledger.tell(connection, change, after=0, now=now)

    def get(self, job_id: str) -> Job:
        with self._database.reading() as connection:
            return _job(connection, job_id)

    def last_events(self, job_ids: Collection[str]) -> Mapping[str, tuple[int, datetime]]:
        last = and_(_events.job == _jobs.id, _events.sequence == _jobs.last_event)
        statement = (
            select(_jobs.id, _events.sequence, _events.at)
            .join_from(tables.jobs, tables.events, last)
            .where(_jobs.id.in_(job_ids))
        )
        with self._database.reading() as connection:
            return {id_: (number, at) for id_, number, at in connection.execute(statement)}

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
        wanted = {_jobs.state: state, _jobs.kind: kind, _jobs.supernet: supernet}
        statement = select(tables.jobs).where(
            *(column == value for column, value in wanted.items() if value is not None)
        )
        if label is not None:
            name, value = label
            of_job = and_(_labels.job == _jobs.id, _labels.name == name, _labels.value == value)
            statement = statement.where(exists().where(of_job))
        if token is not None:
            key = tokens.decode(token, "jobs", datetime, str)
            statement = statement.where(tuple_(_jobs.created_at, _jobs.id) < key)
        statement = statement.order_by(_jobs.created_at.desc(), _jobs.id.desc()).limit(size + 1)
        with self._database.reading() as connection:
            found = [rows.job(row) for row in connection.execute(statement).mappings()]
        items = tuple(found[:size])
        if len(found) <= size:
            return Page(items=items, next_token=None)
        last = items[-1]
        return Page(
            items=items, next_token=tokens.encode("jobs", last.created_at.isoformat(), last.id)
        )

    def counts(self) -> Mapping[tuple[str, str], int]:
        statement = select(_jobs.kind, _jobs.state, func.count()).group_by(_jobs.kind, _jobs.state)
        with self._database.reading() as connection:
            return {(kind, state): n for kind, state, n in connection.execute(statement)}

    def oldest_queued(self) -> datetime | None:
        statement = select(func.min(_jobs.created_at)).where(tables.QUEUED)
        with self._database.reading() as connection:
            oldest: datetime | None = connection.execute(statement).scalar_one()
        return oldest

    def claim(self, *, worker: str, lease_seconds: float) -> Claim | None:
        now = self._clock()
        until = lease_end(now, lease_seconds)
        with self._database.writing() as connection:
            row = claiming.next_claimable(connection, now)
            if row is None:
                return None
            fence = row["fence"] + 1
            taken = connection.execute(
                update(tables.jobs)
                .where(_jobs.id == row["id"], _jobs.fence == row["fence"], claiming.claimable(now))
                .values(fence=fence, worker=worker, lease_until=until)
            )
            if taken.rowcount != 1:
                return None
            change = changes.claimed(rows.job(row), now=now)
            ledger.write(connection, row, change, now=now)
        return Claim(job=change.job, worker=worker, fence=fence, lease_until=until)

    def renew(self, claim: Claim, *, lease_seconds: float) -> Claim:
        until = lease_end(self._clock(), lease_seconds)
        with self._database.writing() as connection:
            row = ledger.claimed(connection, claim)
            _set_lease(connection, claim, until)
        return Claim(job=rows.job(row), worker=claim.worker, fence=claim.fence, lease_until=until)

    def release(self, claim: Claim) -> None:
        now = self._clock()
        with self._database.writing() as connection:
            ledger.claimed(connection, claim)
            _set_lease(connection, claim, now)

    def step(self, job_id: str, step: JobStep) -> Job:
        now = self._clock()
        with self._database.writing() as connection:
            row = ledger.locked(connection, job_id)
            change = changes.stepped(rows.job(row), step, now=now)
            if change.told:
                ledger.end_claim(connection, row, change, now=now)
        return change.job

    def change(self, job_id: str, change: JobChange) -> Job:
        now = self._clock()
        with self._database.writing() as connection:
            row = ledger.locked(connection, job_id)
            before, changed = rows.job(row), changes.changed(rows.job(row), by_value(change))
            if before.state is JobState.RUNNING and changed.job.spec != before.spec:
                ledger.end_claim(connection, row, changed, now=now)
            else:
                ledger.write(connection, row, changed, now=now)
            if changed.job.labels != before.labels:
                connection.execute(delete(tables.job_labels).where(_labels.job == job_id))
                _insert_labels(connection, changed.job)
        return changed.job

    def finish(
        self, claim: Claim, *, state: JobState, reason: str, result: Mapping[str, Any] | None = None
    ) -> Job:
        now = self._clock()
        with self._database.writing() as connection:
            row = ledger.claimed(connection, claim)
            change = changes.finished(
                rows.job(row), state=state, reason=reason, result=by_value(result), now=now
            )
            ledger.end_claim(connection, row, change, now=now)
        return change.job


def _job(connection: Connection, job_id: str) -> Job:
    statement = select(tables.jobs).where(_jobs.id == job_id)
    row = connection.execute(statement).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no job {job_id!r}")
    return rows.job(row)


def _insert_labels(connection: Connection, job: Job) -> None:
    labels = [{"job": job.id, "name": n, "value": v} for n, v in job.labels.items()]
    if labels:
        connection.execute(insert(tables.job_labels), labels)


def _set_lease(connection: Connection, claim: Claim, until: datetime) -> None:
    statement = update(tables.jobs).where(_jobs.id == claim.job.id)
    connection.execute(statement.values(lease_until=until))
