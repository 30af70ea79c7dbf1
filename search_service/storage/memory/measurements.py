"""Measurements in memory."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from search_service.domain.measurement import Measurement, MeasurementKey
from search_service.storage.memory.tables import Tables
from search_service.storage.values import by_value


class MemoryMeasurements:
    """See `base.Measurements`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def find(self, keys: Iterable[MeasurementKey]) -> Mapping[MeasurementKey, Measurement]:
        with self._tables.lock:
            stored = self._tables.measurements
            return {key: by_value(stored[key]) for key in keys if key in stored}

    def add(self, key: MeasurementKey, measurement: Measurement) -> Measurement:
        kept = replace(by_value(measurement), images_png=None)
        with self._tables.lock:
            return by_value(self._tables.measurements.setdefault(key, kept))
