"""Events in a database."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from search_service.domain.event import Event, EventKind
from search_service.domain.job import Claim
from search_service.storage.changes import Change, Told
from search_service.storage.clock import Clock
from search_service.storage.sql import ledger, rows, tables
from search_service.storage.sql.engine import Database
from search_service.storage.values import by_value

_events = tables.events.c


class SqlEvents:
    """See `base.Events`."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def read(self, job_id: str, *, after: int = 0, limit: int = 500) -> list[Event]:
        statement = (
            select(tables.events)
            .where(_events.job == job_id, _events.sequence > after)
            .order_by(_events.sequence)
            .limit(limit)
        )
        with self._database.reading() as connection:
            return [rows.event(row) for row in connection.execute(statement).mappings()]

    def progress(self, claim: Claim, data: Mapping[str, Any]) -> None:
        self._tell(claim, Told(kind=EventKind.PROGRESS, data=data))

    def log(self, claim: Claim, message: str) -> None:
        self._tell(claim, Told(kind=EventKind.LOG, data={"message": message}))

    def _tell(self, claim: Claim, told: Told) -> None:
        told, now = by_value(told), self._clock()
        with self._database.writing() as connection:
            row = ledger.claimed(connection, claim)
            change = Change(job=rows.job(row), told=(told,))
            ledger.write(connection, row, change, now=now)
