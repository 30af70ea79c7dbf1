"""Supernets in memory."""

from datetime import datetime

from search_service.domain.supernet import Supernet, SupernetStatus
from search_service.errors import NameTaken, NotFound
from search_service.storage import tokens
from search_service.storage.base import Page
from search_service.storage.memory.tables import Tables
from search_service.storage.values import by_value


class MemorySupernets:
    """See `base.Supernets`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def add(self, supernet: Supernet) -> None:
        supernet = by_value(supernet)
        with self._tables.lock:
            if any(known.name == supernet.name for known in self._tables.supernets.values()):
                raise NameTaken(f"a supernet is named {supernet.name!r} already: choose another")
            self._tables.supernets[supernet.id] = supernet

    def get(self, id_or_name: str) -> Supernet:
        with self._tables.lock:
            if id_or_name in self._tables.supernets:
                return by_value(self._tables.supernets[id_or_name])
            for supernet in self._tables.supernets.values():
                if supernet.name == id_or_name:
                    return by_value(supernet)
        raise NotFound(f"no supernet {id_or_name!r}")

    def page(self, *, size: int, token: str | None = None) -> Page[Supernet]:
        before = tokens.decode(token, "supernets", datetime, str) if token is not None else None
        found = [s for s in self._newest_first() if before is None or (s.created_at, s.id) < before]
        items = tuple(found[:size])
        if len(found) <= size:
            return Page(items=items, next_token=None)
        last = items[-1]
        return Page(
            items=items,
            next_token=tokens.encode("supernets", last.created_at.isoformat(), last.id),
        )

    def pending(self) -> list[Supernet]:
        newest_first = self._newest_first()
        return [s for s in reversed(newest_first) if s.status is SupernetStatus.PENDING]

    def settle(self, supernet: Supernet) -> None:
        supernet = by_value(supernet)
        with self._tables.lock:
            if supernet.id not in self._tables.supernets:
                raise NotFound(f"no supernet {supernet.id!r}")
            if self._tables.supernets[supernet.id].status is SupernetStatus.PENDING:
                self._tables.supernets[supernet.id] = supernet

    def _newest_first(self) -> list[Supernet]:
        with self._tables.lock:
            copies = [by_value(supernet) for supernet in self._tables.supernets.values()]
        return sorted(copies, key=lambda s: (s.created_at, s.id), reverse=True)
