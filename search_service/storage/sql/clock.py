"""The time of a database's server, which all its processes share, whatever their own clocks say."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from search_service.errors import StorageUnavailable
from search_service.storage.sql.engine import Database

ASKED_EVERY_SECONDS = 5.0


class ServerClock:
    """A `Clock`: the server is asked now and then, and in between the time runs on by this
    machine's monotonic clock, which nobody sets. So this machine's time of day may be wrong or
    jump: it is never looked at. While the server does not answer, the time runs on."""

    def __init__(
        self, database: Database, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Asks at once. Raises StorageUnavailable."""
        self._database = database
        self._monotonic = monotonic
        self._asked_at = monotonic()
        self._zero = self._ask()

    def __call__(self) -> datetime:
        """Never raises."""
        now = self._monotonic()
        if now - self._asked_at >= ASKED_EVERY_SECONDS:
            self._asked_at = now
            with suppress(StorageUnavailable):
                self._zero = self._ask()
        return self._zero + timedelta(seconds=self._monotonic())

    def _ask(self) -> datetime:
        """The server's time when the monotonic clock here was at nought."""
        before = self._monotonic()
        with self._database.reading() as connection:
            told: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        middle = (before + self._monotonic()) / 2  # of the question's way there and back
        return told.astimezone(UTC) - timedelta(seconds=middle)
