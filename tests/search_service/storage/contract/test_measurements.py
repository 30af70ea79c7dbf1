"""The contract of measurements: the first one of a key stays for ever."""

from dataclasses import replace

import pytest

from search_service.domain.measurement import Measurement, MeasurementKey, Protocol
from search_service.storage.base import Storage

PROTOCOL = Protocol(objective="fid", parameters={"samples": 512, "rate": 1e22, "axes": [1, 2]})
KEY = MeasurementKey(
    supernet_digest="d",
    architecture="32:1_2",
    objective="fid",
    protocol_digest=PROTOCOL.digest,
    device="",
)
MEASUREMENT = Measurement(
    value=0.1 + 0.2,
    low=0.1,
    high=1e300,
    protocol=PROTOCOL,
    samples=512,
    seconds=0.5,
    details={"ratio": 0.3},
    images_png=b"png",
)


def test_a_measurement_comes_back_without_its_images(storage: Storage) -> None:
    kept = replace(MEASUREMENT, images_png=None)
    assert storage.measurements.find([KEY]) == {}
    assert storage.measurements.add(KEY, MEASUREMENT) == kept
    assert storage.measurements.find([KEY]) == {KEY: kept}


def test_the_protocol_keeps_its_digest(storage: Storage) -> None:
    storage.measurements.add(KEY, MEASUREMENT)
    assert storage.measurements.find([KEY])[KEY].protocol.digest == PROTOCOL.digest


def test_the_first_measurement_of_a_key_wins(storage: Storage) -> None:
    first = storage.measurements.add(KEY, MEASUREMENT)
    assert storage.measurements.add(KEY, replace(MEASUREMENT, value=9.0)) == first
    assert storage.measurements.find([KEY]) == {KEY: first}


@pytest.mark.parametrize("field", ["supernet_digest", "architecture", "protocol_digest", "device"])
def test_every_part_of_the_key_counts(storage: Storage, field: str) -> None:
    other = replace(KEY, **{field: "other"})
    storage.measurements.add(KEY, MEASUREMENT)
    storage.measurements.add(other, replace(MEASUREMENT, value=9.0))
    found = storage.measurements.find([KEY, other])
    assert (found[KEY].value, found[other].value) == (MEASUREMENT.value, 9.0)


def test_many_keys_are_found_at_once(storage: Storage) -> None:
    keys = [replace(KEY, architecture=str(number)) for number in range(1200)]
    for number in (0, 499, 500, 1199):
        storage.measurements.add(keys[number], replace(MEASUREMENT, value=float(number)))
    found = storage.measurements.find(keys)
    assert {key.architecture: m.value for key, m in found.items()} == {
        "0": 0,
        "499": 499,
        "500": 500,
        "1199": 1199,
    }
