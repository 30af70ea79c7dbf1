"""The contract of worker processes."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from search_service.errors import NameTaken
from search_service.storage.base import Storage
from search_service.storage.clock import LONGEST_LEASE
from search_service.storage.memory.workers import MemoryWorkers
from search_service.storage.sql import SqlStorage, tables

Advance = Callable[[float], None]


def test_a_name_is_had_once_until_its_lease_ends(storage: Storage, advance: Advance) -> None:
    storage.workers.arrive("a", token="1", lease_seconds=10)
    storage.workers.arrive("b", token="2", lease_seconds=10)
    with pytest.raises(NameTaken, match="'a' is at work already"):
        storage.workers.arrive("a", token="2", lease_seconds=10)
    advance(9)
    storage.workers.stay("a", token="1", lease_seconds=10)
    advance(9)
    assert storage.workers.present() == ["a"]
    with pytest.raises(NameTaken):
        storage.workers.arrive("a", token="2", lease_seconds=10)
    advance(1)
    storage.workers.arrive("a", token="2", lease_seconds=10)
    with pytest.raises(NameTaken, match="another worker took"):
        storage.workers.stay("a", token="1", lease_seconds=10)
    storage.workers.stay("a", token="2", lease_seconds=10)


def test_one_that_was_silent_too_long_keeps_its_name_if_nobody_took_it(
    storage: Storage, advance: Advance
) -> None:
    storage.workers.arrive("a", token="1", lease_seconds=10)
    advance(100)
    assert storage.workers.present() == []
    storage.workers.stay("a", token="1", lease_seconds=10)
    assert storage.workers.present() == ["a"]


def test_a_name_that_was_given_back_is_free_and_another_s_is_left(storage: Storage) -> None:
    storage.workers.arrive("a", token="1", lease_seconds=10)
    storage.workers.leave("a", token="2")
    with pytest.raises(NameTaken):
        storage.workers.arrive("a", token="2", lease_seconds=10)
    storage.workers.leave("a", token="1")
    storage.workers.arrive("a", token="2", lease_seconds=10)


def test_those_that_were_killed_long_ago_are_forgotten(storage: Storage, advance: Advance) -> None:
    for number in range(3):
        storage.workers.arrive(f"host-{number}", token=str(number), lease_seconds=10)
    advance(10 + LONGEST_LEASE.total_seconds() - 1)
    storage.workers.arrive("host-3", token="3", lease_seconds=10)
    assert stored(storage) == ["host-0", "host-1", "host-2", "host-3"]
    storage.workers.stay("host-0", token="0", lease_seconds=10)
    advance(1)
    storage.workers.arrive("host-4", token="4", lease_seconds=10)
    assert stored(storage) == ["host-0", "host-3", "host-4"]
    storage.workers.stay("host-1", token="1", lease_seconds=10)  # it was only silent
    assert storage.workers.present() == ["host-0", "host-1", "host-3", "host-4"]
    with pytest.raises(NameTaken):
        storage.workers.arrive("host-1", token="other", lease_seconds=10)


def stored(storage: Storage) -> list[str]:
    """Also those that are not present, which no method of the contract tells."""
    if isinstance(storage.workers, MemoryWorkers):
        return sorted(storage.workers._tables.workers)
    assert isinstance(storage, SqlStorage)
    return sorted(name for (name,) in storage._database.rows(select(tables.workers.c.name)))
