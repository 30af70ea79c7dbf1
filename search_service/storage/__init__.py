"""Where the truth is kept: one contract, an in-memory reference, and SQL."""

import logging
from collections.abc import Callable

from search_service.errors import StorageUnavailable
from search_service.storage.base import Storage
from search_service.storage.clock import Clock, utc_now
from search_service.storage.memory import MemoryStorage

__all__ = ["MemoryStorage", "migrate", "open_storage"]

# It tells each plugin and each revision, some of it already when it is imported.
logging.getLogger("alembic").setLevel(logging.WARNING)


def open_storage(
    url: str, *, clock: Clock | None = None, told: Callable[[str], None] = lambda job_id: None
) -> Storage:
    """The store at `memory://`, `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`.

    The clock is the server's where there is one, else the machine's; tests hand in their own.
    `told` is called with a job's id after each transaction that told events of it, in the thread
    that wrote; not by the memory store, which only one process has. It must not raise.

    A new SQLite file gets its schema. Raises InvalidSetting for a malformed URL and a database
    whose schema is of another version, saying what to run, and StorageUnavailable for one that
    does not answer now.
    """
    if url == "memory://":
        return MemoryStorage(clock=clock or utc_now)
    # Here and not above: a process that only speaks HTTP has no need of SQLAlchemy.
    from search_service.storage.schema import checked
    from search_service.storage.sql import SqlStorage
    from search_service.storage.sql.clock import ServerClock

    database = checked(url, told=told)
    try:
        if clock is None:
            clock = utc_now if database.sqlite_file else ServerClock(database)
    except StorageUnavailable:
        database.close()
        raise
    return SqlStorage(database, clock=clock)


def migrate(url: str) -> None:
    """Bring a database to the schema of this version; data stays. Raises as `open_storage`."""
    if url == "memory://":
        return
    from search_service.storage.schema import upgrade

    upgrade(url)
