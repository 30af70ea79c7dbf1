"""Connections: how each database is opened so that a transaction is one, and lasts.

SQLite: a write-ahead log, so that readers never wait for the writer; writers queue at BEGIN
IMMEDIATE, since a transaction that starts by reading could not become a writer once another had
written. `synchronous=FULL` syncs the log at every commit. A killed process would lose nothing
without it, for what was written belongs to the system by then; a machine that loses power would
lose the last commits, and a job that was accepted must not vanish. It costs about a millisecond a
commit, and evaluations take hundreds.
"""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Executable,
    Row,
    Table,
    create_engine,
    event,
    exc,
    make_url,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL

from search_service.errors import InvalidSetting, StorageUnavailable

POINTER = "/GANSEARCH_DATABASE_URL"
TOLD = "gansearch_told"  # in a writing connection's info: ids of jobs with new events
BUSY_TIMEOUT_SECONDS = 30.0
# libpq's: seconds to connect; of silence, then between three questions whether anyone is there; and
# milliseconds that what was sent may go without a receipt. One that is there is waited for.
VANISHED = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
# What the driver raises for a statement that is wrong, whatever state the database is in.
_MISTAKES = (exc.DataError, exc.IntegrityError, exc.NotSupportedError, exc.ProgrammingError)


class _Thread(threading.local):
    """What a thread is in the middle of."""

    connection: Connection | None = None


class Database:
    """An engine with the ways of using it; each block is one transaction.

    All raise StorageUnavailable when the database cannot do it now.
    """

    def __init__(self, url: str, *, told: Callable[[str], None] = lambda job_id: None) -> None:
        """`told` is called with the id of a job of which a committed transaction told events."""
        parsed = parse_url(url)
        self.sqlite_file = parsed.database if parsed.get_backend_name() == "sqlite" else None
        self.engine = _engine(parsed)
        self._writer = self.engine.execution_options(gansearch_writes=True)
        self._thread = _Thread()
        self._told = told
        self._single: Engine | None = None
        if self.sqlite_file is None:
            # Without a ping: who uses it can do without its answer.
            self._single = create_engine(
                parsed, isolation_level="AUTOCOMMIT", connect_args=_connect_args(parsed)
            )

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that writes nothing."""
        if self._thread.connection is not None:
            yield self._thread.connection
            return
        with _answering(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def committed(self) -> Iterator[Connection]:
        """One that sees only what is committed, not what its own thread is in the middle of."""
        with _answering(), self.engine.begin() as connection:
            yield connection

    def rows(
        self,
        statement: Executable,
        parameters: Mapping[str, Any] | None = None,
        *,
        committed: bool = False,
    ) -> Sequence[Row[Any]]:
        """What one SELECT gives: on PostgreSQL in one round trip, if the connection that it is
        tried on first still stands. `committed`: whatever its own thread is in the middle of."""
        if self._thread.connection is not None and not committed:
            return self._thread.connection.execute(statement, parameters).all()
        if self._single is not None:
            try:
                with self._single.connect() as connection:
                    return connection.execute(statement, parameters).all()
            except _MISTAKES:
                raise
            except (exc.DBAPIError, exc.TimeoutError):
                pass  # below with a connection that was asked whether it stands
        with self.committed() as connection:
            return connection.execute(statement, parameters).all()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes; an exception undoes it."""
        if self._thread.connection is not None:
            with self._thread.connection.begin_nested():
                yield self._thread.connection
            return
        with _answering(), self._writer.begin() as connection:
            told = connection.info[TOLD] = set[str]()
            yield connection
        for job_id in told:
            self._told(job_id)

    @contextmanager
    def together(self) -> Iterator[Connection]:
        """One that writes, and that whatever this thread reads and writes meanwhile is part of."""
        with self.writing() as connection:
            self._thread.connection = connection
            try:
                yield connection
            finally:
                self._thread.connection = None

    @property
    def has_single_statements(self) -> bool:
        """Whether `at_once` can be used here and now: on PostgreSQL, outside of `together`."""
        return self._single is not None and self._thread.connection is None

    def at_once(self, statement: str, parameters: Mapping[str, Any], *, tells: str) -> bool:
        """A statement of the driver's that is a transaction of its own, in one round trip; whether
        it gave a row, and so told events of the job `tells`.

        False, too, where the driver raised: if the connection broke it may yet have been done.
        """
        assert self._single is not None
        failures = (self.engine.dialect.loaded_dbapi.Error, exc.SQLAlchemyError)
        try:
            with closing(self._single.raw_connection()) as connection:
                try:
                    cursor = connection.cursor()
                    cursor.execute(statement, parameters)
                    done = cursor.fetchone() is not None
                except failures:
                    connection.invalidate()
                    raise
        except failures:
            return False
        if done:
            self._told(tells)
        return done

    def close(self) -> None:
        """Close every idle connection."""
        self.engine.dispose()
        if self._single is not None:
            self._single.dispose()


def parse_url(url: str) -> URL:
    """Raises InvalidSetting for what is no URL of SQLite (a file) or PostgreSQL."""
    try:
        parsed = make_url(url)
    except (exc.ArgumentError, ValueError) as error:  # ValueError: a port that is no number
        raise _refused("it is not a database URL") from error
    match parsed.get_backend_name():
        case "sqlite" if parsed.database and parsed.database != ":memory:":
            return parsed.set(drivername="sqlite")
        case "postgresql":
            return parsed.set(drivername="postgresql+psycopg")
        case "sqlite":
            raise _refused("SQLite needs a file that all processes share")
    raise _refused(f"{parsed.get_backend_name()!r} is not supported")


def insert_new(
    connection: Connection, table: Table, new: Sequence[Mapping[str, Any]]
) -> set[tuple[Any, ...]]:
    """Insert rows, in order, but for those of which a unique value is there already; the primary
    keys of those that were new."""
    statement = insert_into(connection, table).on_conflict_do_nothing()
    # Not by rowcount, which is -1 for an insert through psycopg.
    found = connection.execute(statement.returning(*table.primary_key), new)
    return {tuple(row) for row in found}


def insert_into(connection: Connection, table: Table) -> "postgresql.Insert | sqlite.Insert":
    """An INSERT that can say what a conflict means; the two dialects have it alike."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


@contextmanager
def _answering() -> Iterator[None]:
    """The driver's word that the database does not answer, in ours."""
    try:
        yield
    except _MISTAKES:
        raise
    except (exc.DBAPIError, exc.TimeoutError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise StorageUnavailable(f"the database does not answer: {reason}") from error


def _engine(url: URL) -> Engine:
    serializer = partial(json.dumps, allow_nan=False, separators=(",", ":"))
    try:
        if url.get_backend_name() == "postgresql":
            return create_engine(
                url,
                json_serializer=serializer,
                pool_pre_ping=True,
                connect_args=_connect_args(url),
            )
        engine = create_engine(
            url, json_serializer=serializer, connect_args={"timeout": BUSY_TIMEOUT_SECONDS}
        )
    except ModuleNotFoundError as error:
        raise _refused(f"its driver is not installed ({error.name})") from error
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _connect_args(url: URL) -> dict[str, int]:
    """How long a server that has vanished from the network is waited for; the URL may say other."""
    return {name: value for name, value in VANISHED.items() if name not in url.query}


def _set_up_sqlite(connection: sqlite3.Connection, record: object) -> None:
    connection.isolation_level = None  # transactions begin where `_begin_sqlite` says, only there
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("gansearch_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _refused(why: str) -> InvalidSetting:
    return InvalidSetting(
        f"GANSEARCH_DATABASE_URL: {why}; use sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME",
        pointer=POINTER,
    )
