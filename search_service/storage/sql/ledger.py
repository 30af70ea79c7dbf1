"""A job's row under lock, the check of a claim's fence, and the events of a change."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from search_service.domain.job import Claim, JobState
from search_service.errors import LostClaim, NotFound
from search_service.storage.changes import Change
from search_service.storage.sql import rows, tables
from search_service.storage.sql.engine import TOLD


def locked(connection: Connection, job_id: str) -> RowMapping:
    """The job's row, held until the transaction ends; raises NotFound.

    On SQLite the transaction holds the whole file already, and FOR UPDATE is not said.
    """
    statement = select(tables.jobs).where(tables.jobs.c.id == job_id).with_for_update()
    row = connection.execute(statement).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no job {job_id!r}")
    return row


def claimed(connection: Connection, claim: Claim) -> RowMapping:
    """The locked row of a job that is still running under this claim; raises LostClaim."""
    try:
        row = locked(connection, claim.job.id)
    except NotFound as error:
        raise _lost(claim) from error
    if row["fence"] != claim.fence or row["state"] != JobState.RUNNING:
        raise _lost(claim)
    return row


def write(
    connection: Connection, row: RowMapping, change: Change, *, now: datetime, **columns: Any
) -> None:
    """Store a changed job over its locked row, with further columns, and tell its events."""
    before, after = rows.row_of(rows.job(row)), rows.row_of(change.job)
    changed = {name: value for name, value in after.items() if value != before[name]}
    last = row["last_event"]
    if change.told:
        changed["last_event"] = last + len(change.told)
    if changed or columns:
        statement = update(tables.jobs).where(tables.jobs.c.id == change.job.id)
        connection.execute(statement.values(changed | columns))
    tell(connection, change, after=last, now=now)


def tell(connection: Connection, change: Change, *, after: int, now: datetime) -> None:
    """Store the events of a change, numbered from `after` + 1."""
    told = [
        {**vars(event), "job": change.job.id, "sequence": sequence, "at": now}
        for sequence, event in enumerate(change.told, start=after + 1)
    ]
    if told:
        connection.execute(insert(tables.events), told)
        connection.info[TOLD].add(change.job.id)


def end_claim(connection: Connection, row: RowMapping, change: Change, *, now: datetime) -> None:
    """Store a changed job so that no claim of it can write any more, or holds what it leased."""
    leases = tables.measurement_leases
    write(connection, row, change, now=now, fence=row["fence"] + 1, lease_until=now)
    connection.execute(delete(leases).where(leases.c.job == change.job.id))


def _lost(claim: Claim) -> LostClaim:
    return LostClaim(f"the claim of {claim.worker} on {claim.job.id} has ended")
