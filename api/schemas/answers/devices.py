"""Devices."""

from typing import Any, Self

from pydantic import BaseModel

from api.schemas.answers.values import timestamp
from search_service.domain.supernet import Device


class DeviceAnswer(BaseModel):
    """A kind of machine on which latency means something."""

    id: str
    name: str
    kind: str
    protocol: dict[str, Any]
    created_at: str

    @classmethod
    def of(cls, device: Device) -> Self:
        fields = {n: getattr(device, n) for n in cls.model_fields if n != "created_at"}
        return cls(**fields, created_at=timestamp(device.created_at) or "")


class DevicePage(BaseModel):
    """All devices."""

    devices: list[DeviceAnswer]
