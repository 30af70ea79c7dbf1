"""The contract of worker processes."""

from collections.abc import Callable

import pytest

from search_service.errors import NameTaken
from search_service.storage.base import Storage

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
