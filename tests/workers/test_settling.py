"""Supernets become ready or invalid; devices keep their scale."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from search_service.domain.supernet import SupernetStatus
from workers import driver
from workers.settling import register_devices


def test_a_supernet_that_loads_is_ready_with_its_digest_and_protocol(workplace: Any) -> None:
    supernet = workplace.register()
    workplace.driver.turn()
    settled = workplace.storage.supernets.get(supernet.id)
    assert settled.status is SupernetStatus.READY
    assert settled.digest == hashlib.sha256(Path(supernet.checkpoint).read_bytes()).hexdigest()
    assert settled.protocol == {"extractor": "formula"}


def test_a_checkpoint_that_has_gone_makes_it_invalid_and_no_other(
    workplace: Any, tmp_path: Path
) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(Path(workplace.register("good").checkpoint).read_bytes())
    workplace.register("gone", checkpoint=str(path))
    path.unlink()
    workplace.driver.turn()
    gone = workplace.storage.supernets.get("gone")
    assert gone.status is SupernetStatus.INVALID
    assert str(path) in gone.reason
    assert workplace.storage.supernets.get("good").status is SupernetStatus.READY


def calibrated(workplace: Any, name: str, protocol: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is stored of a device once its protocol was found to be this."""
    workplace.machines.protocols = {name: protocol}
    register_devices(
        [name], cluster=workplace.machines, storage=workplace.storage, check=lambda: None
    )
    stored: Mapping[str, Any] = workplace.storage.devices.get(name).protocol
    return stored


def test_a_device_that_is_timed_again_keeps_its_first_scale(workplace: Any) -> None:
    first = {"runtime": "a", "reference_ms": 1.0}
    assert calibrated(workplace, "cpu", first) == first
    assert calibrated(workplace, "cpu", {"runtime": "a", "reference_ms": 2.0}) == first


def test_a_device_whose_protocol_changed_is_calibrated_anew(workplace: Any) -> None:
    for runtime, milliseconds in (("a", 1.0), ("b", 2.0)):
        protocol = {"runtime": runtime, "reference_ms": milliseconds}
        assert calibrated(workplace, "cpu", protocol) == protocol


def test_a_device_that_joins_is_timed_and_no_other_even_where_an_actor_holds_both(
    workplace: Any,
) -> None:
    """The actors of the last job are kept; one may have waited for the device that joins."""
    workplace.machines.protocols = {"phone": {"reference_ms": 2.0}}
    workplace.register()
    workplace.driver.turn()
    workplace.submit(objectives=[{"name": "fid"}, {"name": "latency_ms", "device": "phone"}])
    assert workplace.driver.turn()
    (pool,) = workplace.machines.pools
    assert pool.devices == {"phone"}
    pool.devices.add("tablet")
    workplace.machines.protocols["tablet"] = {"reference_ms": 3.0}
    workplace.driver.turn()
    assert workplace.machines.calibrated == ["phone", "tablet"]
    assert workplace.storage.devices.get("tablet").protocol == {"reference_ms": 3.0}


def test_a_device_that_leaves_while_it_is_timed_is_timed_when_it_is_back(workplace: Any) -> None:
    machines = workplace.machines
    machines.protocols = {"phone": {"reference_ms": 2.0}}
    machines.devices = lambda: {"cpu": {"a"}, "phone": {"b"}}
    workplace.driver.turn()
    assert [device.name for device in workplace.storage.devices.all()] == ["phone"]
    machines.devices = lambda: {"phone": {"b"}}
    workplace.driver.turn()
    machines.protocols["cpu"] = {"reference_ms": 1.0}
    machines.devices = lambda: {"cpu": {"a"}, "phone": {"b"}}
    workplace.driver.turn()
    workplace.driver.turn()
    assert machines.calibrated == ["cpu", "phone", "cpu"]
    assert {device.name for device in workplace.storage.devices.all()} == {"cpu", "phone"}


def test_a_device_that_cannot_be_timed_is_tried_again_only_now_and_then(
    workplace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    workplace.machines.devices = lambda: {"cpu": {"a"}}
    for _ in range(3):
        workplace.driver.turn()
    assert workplace.machines.calibrated == ["cpu"]
    monkeypatch.setattr(driver, "TIME_AGAIN_SECONDS", 0.0)
    workplace.driver._untimed["cpu"] = 0.0  # as after that while
    workplace.driver.turn()
    workplace.machines.protocols["cpu"] = {"reference_ms": 1.0}
    for _ in range(3):
        workplace.driver.turn()
    assert workplace.machines.calibrated == ["cpu"] * 3
    assert workplace.storage.devices.get("cpu").protocol == {"reference_ms": 1.0}


def test_a_device_whose_node_joins_anew_is_timed_again_between_two_jobs(workplace: Any) -> None:
    machines = workplace.machines
    machines.protocols = {"phone": {"runtime": "a", "reference_ms": 2.0}}
    workplace.register()
    workplace.driver.turn()
    workplace.submit(objectives=[{"name": "fid"}, {"name": "latency_ms", "device": "phone"}])
    workplace.submit(objectives=[{"name": "fid"}, {"name": "latency_ms", "device": "phone"}])

    def joins_anew() -> None:
        machines.protocols["phone"] = {"runtime": "b", "reference_ms": 3.0}
        machines.nodes["phone"] = {"second"}

    machines.before = joins_anew
    assert workplace.driver.turn()
    assert machines.calibrated == ["phone"]  # its own actors may hold the device
    assert workplace.driver.turn()
    assert machines.calibrated == ["phone"] * 2
    assert workplace.storage.devices.get("phone").protocol == machines.protocols["phone"]
    machines.nodes["phone"] = {"second", "third"}  # the one that was timed is still there
    workplace.driver.turn()
    assert machines.calibrated == ["phone"] * 2
    del machines.protocols["phone"]  # for a while
    workplace.driver.turn()
    machines.protocols["phone"] = {"runtime": "b", "reference_ms": 3.0}
    workplace.driver.turn()
    assert machines.calibrated == ["phone"] * 2
