"""Devices: the kinds of machine on which latency can be measured."""

from fastapi import APIRouter

from api.dependencies import StorageDep
from api.schemas.answers import DeviceAnswer, DevicePage

router = APIRouter(prefix="/v1/devices", tags=["devices"])


@router.get("")
def list_devices(storage: StorageDep) -> DevicePage:
    """By name."""
    return DevicePage(devices=[DeviceAnswer.of(d) for d in storage.devices.all()])


@router.get("/{device_id}")
def read(device_id: str, storage: StorageDep) -> DeviceAnswer:
    """By id or name."""
    return DeviceAnswer.of(storage.devices.get(device_id))
