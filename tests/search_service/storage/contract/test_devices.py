"""The contract of devices: one a name, whose protocol may be replaced."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from search_service.domain.ids import new_id
from search_service.domain.supernet import Device
from search_service.errors import NotFound
from search_service.storage.base import Storage


def device(name: str) -> Device:
    at = datetime(2030, 1, 1, tzinfo=UTC)
    return Device(id=new_id("dev"), name=name, protocol={"rounds": 20}, created_at=at)


def test_devices_are_found_by_id_and_name_and_listed_by_name(storage: Storage) -> None:
    nano, cpu = device("nano"), device("cpu")
    assert storage.devices.put(nano) == nano
    assert storage.devices.put(cpu) == cpu
    assert storage.devices.get("nano") == nano
    assert storage.devices.get(cpu.id) == cpu
    assert storage.devices.all() == [cpu, nano]
    with pytest.raises(NotFound, match="tpu"):
        storage.devices.get("tpu")


def test_putting_a_known_name_replaces_only_the_protocol(storage: Storage) -> None:
    first = storage.devices.put(device("cpu"))
    second = replace(device("cpu"), kind="agent", protocol={"rounds": 5})
    assert storage.devices.put(second) == replace(first, protocol={"rounds": 5})
    assert storage.devices.all() == [replace(first, protocol={"rounds": 5})]
