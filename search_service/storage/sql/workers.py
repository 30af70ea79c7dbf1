"""Worker processes in a database."""

from sqlalchemy import ColumnElement, delete, or_, select

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
        ended = or_(_workers.until <= now, _workers.until > now + LONGEST_LEASE)
        if not self._take(name, token, lease_seconds, if_there=or_(_workers.token == token, ended)):
            raise NameTaken(f"a worker named {name!r} is at work already")

    def stay(self, name: str, *, token: str, lease_seconds: float) -> None:
        if not self._take(name, token, lease_seconds, if_there=_workers.token == token):
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

    def _take(
        self, name: str, token: str, lease_seconds: float, *, if_there: ColumnElement[bool]
    ) -> bool:
        """One statement, so that of two at once one has it."""
        lease = {"token": token, "until": lease_end(self._clock(), lease_seconds)}
        with self._database.writing() as connection:
            statement = (
                insert_into(connection, tables.workers)
                .values(lease | {"name": name})
                .on_conflict_do_update(index_elements=["name"], set_=lease, where=if_there)
            )
            return connection.execute(statement.returning(_workers.name)).first() is not None
