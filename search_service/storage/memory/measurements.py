"""Measurements in memory."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from search_service.domain.job import Claim
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

    def add(
        self, measured: Mapping[MeasurementKey, Measurement]
    ) -> Mapping[MeasurementKey, Measurement]:
        kept = {key: replace(by_value(m), images_png=None) for key, m in measured.items()}
        with self._tables.lock:
            for key in kept:
                self._tables.leases.pop(key, None)
            stored = self._tables.measurements
            return {key: by_value(stored.setdefault(key, m)) for key, m in kept.items()}

    def reserve(self, claim: Claim, keys: Collection[MeasurementKey]) -> Collection[MeasurementKey]:
        with self._tables.lock:
            self._tables.claimed(claim)
            held = {key for key in keys if self._is_free(key, claim)}
            self._tables.leases.update(dict.fromkeys(held, (claim.job.id, claim.fence)))
            return held

    def give_up(self, claim: Claim, keys: Collection[MeasurementKey]) -> None:
        with self._tables.lock:
            self._tables.claimed(claim)
            for key in keys:
                if self._tables.leases.get(key, ("", 0))[0] == claim.job.id:
                    del self._tables.leases[key]

    def _is_free(self, key: MeasurementKey, claim: Claim) -> bool:
        if key in self._tables.measurements:
            return False
        if key not in self._tables.leases:
            return True
        job_id, fence = self._tables.leases[key]
        return job_id == claim.job.id or not self._tables.is_worked_on(job_id, fence)
