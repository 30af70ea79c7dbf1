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
    jump: it is never looked at. While the server does not answer, the time runs on.

    What the server tells was true at some moment between the question and the answer. So the time
    stays as it is where that agrees with it, and else moves as little as it must: an answer that
    comes late, for whatever reason, does not move it by that.
    """

    def __init__(
        self, database: Database, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Asks at once. Raises StorageUnavailable."""
        self._database = database
        self._monotonic = monotonic
        self._asked_at = monotonic()
        self._zero = self._ask()[0]

    def __call__(self) -> datetime:
        """Never raises."""
        now = self._monotonic()
        if now - self._asked_at >= ASKED_EVERY_SECONDS:
            self._asked_at = now
            with suppress(StorageUnavailable):
                earliest, latest = self._ask()
                self._zero = min(max(self._zero, earliest), latest)
        return self._zero + timedelta(seconds=self._monotonic())

    def _ask(self) -> tuple[datetime, datetime]:
        """Between which the server's time was when the monotonic clock here was at nought."""
        with self._database.reading() as connection:
            before = self._monotonic()
            told: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
            after = self._monotonic()
        told = told.astimezone(UTC)
        return told - timedelta(seconds=after), told - timedelta(seconds=before)
