"""The contract of devices."""

from typing import Protocol

from search_service.domain.supernet import Device


class Devices(Protocol):
    """Where latency can be measured."""

    def put(self, device: Device) -> Device:
        """Store it, or replace the protocol of the one with that name, which keeps its id and kind;
        return what is stored."""
        ...

    def get(self, id_or_name: str) -> Device:
        """Raises NotFound."""
        ...

    def all(self) -> list[Device]:
        """By name."""
        ...
