"""Worker processes in a database."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, or_, select

from search_service.errors import NameTaken
from search_service.storage.clock import LONGEST_LEASE, Clock, lease_end
from search_service.storage.sql import tables
from search_service.storage.sql.engine import Database, insert_into

_workers = tables.workers.c


class SqlWorkers:
    """See `base.Workers`."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def arrive(self, name: str, *, token: str, lease_seconds: float) -> None:
        now = self._clock()
        lease = _lease(token, now, lease_seconds)
        ended = or_(_workers.until <= now, _workers.until > now + LONGEST_LEASE)
        long_ago = _workers.until <= now - LONGEST_LEASE
        with self._database.writing() as connection:
            connection.execute(delete(tables.workers).where(long_ago))
            taken = _take(connection, name, lease, if_there=or_(_workers.token == token, ended))
        if not taken:
            raise NameTaken(f"a worker named {name!r} is at work already")

    def stay(self, name: str, *, token: str, lease_seconds: float) -> None:
        lease = _lease(token, self._clock(), lease_seconds)
        with self._database.writing() as connection:
            taken = _take(connection, name, lease, if_there=_workers.token == token)
        if not taken:
            raise NameTaken(f"another worker took the name {name!r}")

    def leave(self, name: str, *, token: str) -> None:
        mine = (_workers.name == name, _workers.token == token)
        with self._database.writing() as connection:
            connection.execute(delete(tables.workers).where(*mine))

    def present(self) -> list[str]:
        now = self._clock()
        statement = (
            select(_workers.name)
            .where(_workers.until > now, _workers.until <= now + LONGEST_LEASE)
            .order_by(_workers.name)
        )
        with self._database.reading() as connection:
            return list(connection.execute(statement).scalars())


def _lease(token: str, now: datetime, seconds: float) -> dict[str, Any]:
    return {"token": token, "until": lease_end(now, seconds)}


def _take(
    connection: Connection, name: str, lease: dict[str, Any], *, if_there: ColumnElement[bool]
) -> bool:
    """One statement, so that of two at once one has it."""
    statement = (
        insert_into(connection, tables.workers)
        .values(lease | {"name": name})
        .on_conflict_do_update(index_elements=["name"], set_=lease, where=if_there)
    )
    return connection.execute(statement.returning(_workers.name)).first() is not None
