"""The contract of supernets: unique names, settled once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from search_service.domain.ids import new_id
from search_service.domain.supernet import Supernet, SupernetStatus
from search_service.errors import InvalidInput, NameTaken, NotFound
from search_service.storage.base import Storage

NewSupernet = Callable[..., Supernet]


@pytest.fixture
def new_supernet() -> NewSupernet:
    made: list[Supernet] = []

    def make(**fields: Any) -> Supernet:
        defaults = {
            "id": new_id("sup"),
            "name": f"net-{len(made)}",
            "family": "anycost",
            "parameters": {"resolution": 32},
            "checkpoint": "file:///net.safetensors",
            "dataset": "fashion-mnist",
            "feature_extractor": "fashion",
            "created_at": datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=len(made)),
        }
        made.append(Supernet(**{**defaults, **fields}))
        return made[-1]

    return make


def test_a_supernet_is_found_by_id_and_by_name(storage: Storage, new_supernet: NewSupernet) -> None:
    supernet = new_supernet()
    storage.supernets.add(supernet)
    assert storage.supernets.get(supernet.id) == supernet
    assert storage.supernets.get(supernet.name) == supernet
    with pytest.raises(NotFound, match="nobody"):
        storage.supernets.get("nobody")


def test_an_id_goes_before_a_name_that_looks_like_it(
    storage: Storage, new_supernet: NewSupernet
) -> None:
    first = new_supernet()
    storage.supernets.add(new_supernet(name=first.id))
    storage.supernets.add(first)
    assert storage.supernets.get(first.id) == first


def test_a_name_is_given_once(storage: Storage, new_supernet: NewSupernet) -> None:
    storage.supernets.add(new_supernet(name="net"))
    with pytest.raises(NameTaken, match="net"):
        storage.supernets.add(new_supernet(name="net"))
    assert len(storage.supernets.page(size=10).items) == 1


def test_a_supernet_is_settled_once(storage: Storage, new_supernet: NewSupernet) -> None:
    first, second = new_supernet(), new_supernet()
    for supernet in (second, first):
        storage.supernets.add(supernet)
    assert storage.supernets.pending() == [first, second]
    ready = replace(first, status=SupernetStatus.READY, digest="d", protocol={"filter": "x"})
    storage.supernets.settle(ready)
    storage.supernets.settle(replace(first, status=SupernetStatus.INVALID, reason="late"))
    assert storage.supernets.get(first.id) == ready
    assert storage.supernets.pending() == [second]
    with pytest.raises(NotFound):
        storage.supernets.settle(new_supernet())


def test_pages_hold_every_supernet_once_newest_first(
    storage: Storage, new_supernet: NewSupernet
) -> None:
    made = [new_supernet() for _ in range(5)]
    for supernet in made:
        storage.supernets.add(supernet)
    page = storage.supernets.page(size=2)
    seen = list(page.items)
    while page.next_token is not None:
        page = storage.supernets.page(size=2, token=page.next_token)
        seen.extend(page.items)
    assert seen == made[::-1]
    with pytest.raises(InvalidInput):
        storage.supernets.page(size=2, token="bm8")
