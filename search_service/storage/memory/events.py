"""Events in memory."""

from collections.abc import Mapping
from typing import Any

from search_service.domain.event import Event, EventKind
from search_service.domain.job import Claim
from search_service.storage.changes import Change, Told
from search_service.storage.memory.tables import Tables
from search_service.storage.values import by_value


class MemoryEvents:
    """See `base.Events`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def read(self, job_id: str, *, after: int = 0, limit: int = 500) -> list[Event]:
        with self._tables.lock:
            if job_id not in self._tables.jobs:
                return []
            start = max(after, 0)
            found = self._tables.jobs[job_id].events[start : start + limit]
            return [by_value(event) for event in found]

    def progress(self, claim: Claim, data: Mapping[str, Any]) -> None:
        self._tell(claim, Told(kind=EventKind.PROGRESS, data=data))

    def log(self, claim: Claim, message: str) -> None:
        self._tell(claim, Told(kind=EventKind.LOG, data={"message": message}))

    def _tell(self, claim: Claim, told: Told) -> None:
        told = by_value(told)
        with self._tables.lock:
            record = self._tables.claimed(claim)
            record.apply(Change(job=record.job, told=(told,)), now=self._tables.clock())
