"""Measurements on their way: read from the store where known, made by the pool where not."""

from collections import deque
from dataclasses import replace

from search_service import telemetry
from search_service.artifacts import Artifacts
from search_service.domain.measurement import Measurement, MeasurementRequest
from search_service.pools import Outcome, Pool
from search_service.storage.base import Storage


class Measuring:
    """`ask` for a measurement under any label; `receive` what has come in, by label."""

    def __init__(self, *, storage: Storage, pool: Pool, artifacts: Artifacts) -> None:
        self._storage = storage
        self._pool = pool
        self._artifacts = artifacts
        self._asked: dict[int, tuple[int, MeasurementRequest]] = {}  # ticket -> label, request
        self._known: deque[tuple[int, Measurement]] = deque()

    def ask(self, label: int, request: MeasurementRequest) -> None:
        """Read it if it was ever made, else hand it to the pool."""
        found = self._storage.measurements.find([request.key])
        if request.key in found:
            self._known.append((label, replace(found[request.key], seconds=0.0)))
        else:
            self._asked[self._pool.submit(request)] = (label, request)

    def receive(self, timeout_seconds: float) -> list[tuple[int, Measurement | str]]:
        """Label and measurement, or the one line that says why there is none."""
        if self._known:
            known = list(self._known)
            self._known.clear()
            return [*known]
        return [self._accept(outcome) for outcome in self._pool.wait(timeout_seconds)]

    @property
    def in_flight(self) -> int:
        """How many were asked for and not received."""
        return len(self._asked) + len(self._known)

    def abandon(self) -> None:
        """Expect nothing more of the pool."""
        self._pool.abandon()
        self._asked.clear()
        self._known.clear()

    def _accept(self, outcome: Outcome) -> tuple[int, Measurement | str]:
        label, request = self._asked.pop(outcome.ticket)
        measurement = outcome.measurement
        if measurement is None:
            return label, outcome.failure
        if measurement.images_png is not None:
            artifact = self._artifacts.put(measurement.images_png, media_type="image/png")
            details = {**measurement.details, "images_artifact": artifact}
            measurement = replace(measurement, details=details, images_png=None)
        telemetry.observe_measurement(
            request.protocol.objective, measurement.seconds, device=request.device
        )
        stored = self._storage.measurements.add(request.key, measurement)
        return label, replace(stored, seconds=measurement.seconds)
