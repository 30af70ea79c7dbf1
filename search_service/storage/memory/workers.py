"""Worker processes in memory."""

from search_service.errors import NameTaken
from search_service.storage.clock import LONGEST_LEASE, lease_end, stands
from search_service.storage.memory.tables import Tables


class MemoryWorkers:
    """See `base.Workers`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def arrive(self, name: str, *, token: str, lease_seconds: float) -> None:
        with self._tables.lock:
            now = self._tables.clock()
            holder, until = self._tables.workers.get(name, (token, now))
            if holder != token and stands(until, now):
                raise NameTaken(f"a worker named {name!r} is at work already")
            ended = self._tables.workers.items()
            for left in [old for old, (_, end) in ended if end <= now - LONGEST_LEASE]:
                del self._tables.workers[left]
            self._tables.workers[name] = (token, lease_end(now, lease_seconds))

    def stay(self, name: str, *, token: str, lease_seconds: float) -> None:
        with self._tables.lock:
            now = self._tables.clock()
            if self._tables.workers.get(name, (token, now))[0] != token:
                raise NameTaken(f"another worker took the name {name!r}")
            self._tables.workers[name] = (token, lease_end(now, lease_seconds))

    def leave(self, name: str, *, token: str) -> None:
        with self._tables.lock:
            if self._tables.workers.get(name, ("", None))[0] == token:
                del self._tables.workers[name]

    def present(self) -> list[str]:
        with self._tables.lock:
            now = self._tables.clock()
            found = self._tables.workers.items()
            return sorted(name for name, (_, until) in found if stands(until, now))
