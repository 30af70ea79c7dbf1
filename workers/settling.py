"""What is registered becomes usable: a checkpoint is loaded once, a device is timed."""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol

from search_service.domain.ids import new_id
from search_service.domain.supernet import Device, Supernet, SupernetStatus
from search_service.errors import InvalidInput, NotFound
from search_service.storage.base import Storage
from workers.kept_pool import KeptPool

logger = logging.getLogger(__name__)


class Devices(Protocol):
    """Where latency can be measured."""

    def devices(self) -> Mapping[str, Collection[str]]:
        """The ids of the nodes that offer each, by its name: a node that comes back has another."""
        ...

    def calibrate(self, device: str, *, check: Callable[[], None]) -> Mapping[str, Any]:
        """The latency protocol of a device, its reference network timed on it now, once nobody
        holds it. Raises NotFound when it leaves meanwhile or cannot be timed; lets through what
        `check` raises, which is called every second or so."""
        ...


def settle_supernets(*, storage: Storage, pool: KeptPool, check: Callable[[], None]) -> None:
    """Every pending supernet becomes ready or invalid, unless `check` raises before that."""
    for supernet in storage.supernets.pending():
        storage.supernets.settle(settled(supernet, pool=pool, check=check))


def settled(supernet: Supernet, *, pool: KeptPool, check: Callable[[], None]) -> Supernet:
    """Load a checkpoint and say what it is worth: ready with its digest, or invalid."""
    try:
        protocol = pool.of(supernet, check=check).image_protocols
    except InvalidInput as error:
        logger.warning("supernet invalid", extra={"supernet": supernet.id})
        return replace(supernet, status=SupernetStatus.INVALID, reason=str(error))
    ready = SupernetStatus.READY
    return replace(supernet, status=ready, digest=pool.digest, protocol=dict(protocol))


def register_devices(
    names: Iterable[str], *, cluster: Devices, storage: Storage, check: Callable[[], None]
) -> set[str]:
    """Calibrate these of the cluster's devices; each is stored that is new, or whose protocol has
    changed since. Those of them that could be timed. Lets through what `check` raises."""
    known = {device.name: device for device in storage.devices.all()}
    timed: set[str] = set()
    for name in names:
        try:
            protocol = cluster.calibrate(name, check=check)
        except NotFound as error:
            logger.warning("device not timed", extra={"device": name, "reason": str(error)})
            continue
        timed.add(name)
        if name in known and _same_but_scale(known[name].protocol, protocol):
            continue  # keep its scale: values of two calibrations would not compare
        device = Device(
            id=new_id("dev"), name=name, protocol=protocol, created_at=datetime.now(UTC)
        )
        storage.devices.put(device)
    return timed


def _same_but_scale(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    return {**a, "reference_ms": 0} == {**b, "reference_ms": 0}
