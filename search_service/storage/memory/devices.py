"""Devices in memory."""

from dataclasses import replace

from search_service.domain.supernet import Device
from search_service.errors import NotFound
from search_service.storage.memory.tables import Tables
from search_service.storage.values import by_value


class MemoryDevices:
    """See `base.Devices`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def put(self, device: Device) -> Device:
        device = by_value(device)
        with self._tables.lock:
            stored = self._tables.devices.get(device.name, device)
            kept = replace(stored, protocol=device.protocol)
            self._tables.devices[device.name] = kept
            return by_value(kept)

    def get(self, id_or_name: str) -> Device:
        with self._tables.lock:
            for device in self._tables.devices.values():
                if device.id == id_or_name:
                    return by_value(device)
            if id_or_name in self._tables.devices:
                return by_value(self._tables.devices[id_or_name])
        raise NotFound(f"no device {id_or_name!r}")

    def all(self) -> list[Device]:
        with self._tables.lock:
            devices = self._tables.devices
            return [by_value(devices[name]) for name in sorted(devices)]
