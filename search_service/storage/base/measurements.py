"""The contract of measurements."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from search_service.domain.measurement import Measurement, MeasurementKey


class Measurements(Protocol):
    """Every measurement ever made, by content."""

    def find(self, keys: Iterable[MeasurementKey]) -> Mapping[MeasurementKey, Measurement]:
        """Those that are stored. `images_png` is not kept here and comes back as None."""
        ...

    def add(self, key: MeasurementKey, measurement: Measurement) -> Measurement:
        """Store it unless the key is there already; return what is stored (the first one wins)."""
        ...
