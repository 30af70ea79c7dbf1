"""Supernets become ready or invalid; devices keep their scale."""

import hashlib
from pathlib import Path
from typing import Any

from search_service.domain.supernet import SupernetStatus
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


def test_a_device_that_is_timed_again_keeps_its_first_scale(workplace: Any) -> None:
    workplace.machines.protocols = {"cpu": {"runtime": "a", "reference_ms": 1.0}}
    workplace.driver.register_devices()
    first = workplace.storage.devices.get("cpu")
    workplace.machines.protocols = {"cpu": {"runtime": "a", "reference_ms": 2.0}}
    workplace.driver.register_devices()
    assert workplace.storage.devices.get("cpu") == first


def test_a_device_whose_protocol_changed_is_calibrated_anew(workplace: Any) -> None:
    for runtime, milliseconds in (("a", 1.0), ("b", 2.0)):
        protocol = {"runtime": runtime, "reference_ms": milliseconds}
        workplace.machines.protocols = {"cpu": protocol}
        register_devices(workplace.machines, storage=workplace.storage, check=lambda: None)
        assert workplace.storage.devices.get("cpu").protocol == protocol
