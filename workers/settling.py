"""What is registered becomes usable: a checkpoint is loaded once, a device is timed."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol

from search_service.domain.ids import new_id
from search_service.domain.supernet import Device, Supernet, SupernetStatus
from search_service.errors import InvalidInput
from search_service.storage.base import Storage
from workers.checkpoint_uri import digest_at
from workers.kept_pool import KeptPool

logger = logging.getLogger(__name__)


class Devices(Protocol):
    """Where latency can be measured."""

    def devices(self) -> list[str]:
        """Their names."""
        ...

    def calibrate(self, device: str, *, check: Callable[[], None]) -> Mapping[str, Any]:
        """The latency protocol of a device, its reference network timed on it now. Lets through
        what `check` raises, which is called every second or so meanwhile."""
        ...


def settle_supernets(*, storage: Storage, pool: KeptPool, check: Callable[[], None]) -> None:
    """Every pending supernet becomes ready or invalid, unless `check` raises before that."""
    for supernet in storage.supernets.pending():
        storage.supernets.settle(settled(supernet, pool=pool, check=check))


def settled(supernet: Supernet, *, pool: KeptPool, check: Callable[[], None]) -> Supernet:
    """Load a checkpoint and say what it is worth: ready with its digest, or invalid."""
    try:
        digest = digest_at(supernet.checkpoint)
        protocol = pool.of(supernet, check=check).image_protocols
    except InvalidInput as error:
        logger.warning("supernet invalid", extra={"supernet": supernet.id})
        return replace(supernet, status=SupernetStatus.INVALID, reason=str(error))
    return replace(supernet, status=SupernetStatus.READY, digest=digest, protocol=dict(protocol))


def register_devices(cluster: Devices, *, storage: Storage, check: Callable[[], None]) -> None:
    """Calibrate the cluster's devices that are new, or whose protocol has changed since, unless
    `check` raises before that."""
    known = {device.name: device for device in storage.devices.all()}
    for name in cluster.devices():
        protocol = cluster.calibrate(name, check=check)
        if name in known and _same_but_scale(known[name].protocol, protocol):
            continue  # keep its scale: values of two calibrations would not compare
        device = Device(
            id=new_id("dev"), name=name, protocol=protocol, created_at=datetime.now(UTC)
        )
        storage.devices.put(device)


def _same_but_scale(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    return {**a, "reference_ms": 0} == {**b, "reference_ms": 0}
