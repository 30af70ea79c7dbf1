"""Measurements on their way: read from the store where known, waited for where another job makes
them, made by the pool where nobody does."""

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from search_service import telemetry
from search_service.artifacts import Artifacts
from search_service.domain.job import Claim
from search_service.domain.measurement import Measurement, MeasurementKey, MeasurementRequest
from search_service.errors import ArtifactsUnavailable
from search_service.pools import Outcome, Pool
from search_service.storage.base import Storage

LOOK_SECONDS = 0.2  # between two looks for what other jobs make


class Measuring:
    """`ask` for a measurement under any label; `receive` what has come in, by label."""

    def __init__(self, *, claim: Claim, storage: Storage, pool: Pool, artifacts: Artifacts) -> None:
        self._claim = claim
        self._storage = storage
        self._pool = pool
        self._artifacts = artifacts
        self._asked: dict[int, tuple[int, MeasurementRequest]] = {}  # ticket -> label, request
        self._known: deque[tuple[int, Measurement]] = deque()
        self._made_elsewhere: dict[int, MeasurementRequest] = {}  # by label
        self._new: list[int] = []  # labels of these that were not looked for yet
        self._looked_at = float("-inf")
        self._begins = True  # measurements that are not on their way yet

    def ask(self, label: int, request: MeasurementRequest) -> None:
        """Read it if it was ever made, wait for it if another job is making it, else hand it to the
        pool: at the next `receive`, with all that is asked for until then. A label is free again
        once its answer was received."""
        self._made_elsewhere[label] = request
        self._new.append(label)

    def receive(self, timeout_seconds: float) -> list[tuple[int, Measurement | str]]:
        """Label and measurement, or the one line that says why there is none. Raises LostClaim."""
        if self._new:
            new, self._new = self._new, []
            self._look(new)
        if self._made_elsewhere:
            timeout_seconds = min(timeout_seconds, LOOK_SECONDS)
            if time.monotonic() - self._looked_at >= LOOK_SECONDS:
                self._looked_at = time.monotonic()
                self._look(list(self._made_elsewhere))
        if self._known:
            known = list(self._known)
            self._known.clear()
            return [*known]
        if self._made_elsewhere and not self._asked:
            time.sleep(timeout_seconds)  # the pool has nothing to wait for
            timeout_seconds = 0.0  # but its turn: it gives up the device that the others wait for
        return self._accept(self._pool.wait(timeout_seconds))

    @property
    def in_flight(self) -> int:
        """How many were asked for and not received."""
        return len(self._asked) + len(self._known) + len(self._made_elsewhere)

    @property
    def being_made(self) -> int:
        """How many the pool has in hand."""
        return len(self._asked)

    def withdraw(self) -> None:
        """From now on nothing more is begun; what the pool has in hand may still be received."""
        self._begins = False
        for ticket in self._pool.withdraw():
            del self._asked[ticket]

    def abandon(self) -> None:
        """Expect nothing more of the pool."""
        self._pool.abandon()
        self._asked.clear()
        self._known.clear()
        self._made_elsewhere.clear()
        self._new.clear()

    def _look(self, labels: Iterable[int]) -> None:
        """Take in what is known by now; submit what nobody is making."""
        wanted = {label: self._made_elsewhere[label] for label in labels}
        found = self._storage.measurements.find(request.key for request in wanted.values())
        in_hand = {request.key for _, request in self._asked.values()}
        missing = {request.key for request in wanted.values()} - found.keys() - in_hand
        ours: set[MeasurementKey] = set()
        if missing and self._begins:
            ours.update(self._storage.measurements.reserve(self._claim, missing))
        for label, request in wanted.items():
            if request.key in found:
                self._known.append((label, replace(found[request.key], seconds=0.0)))
            elif request.key in ours:
                ours.remove(request.key)  # who asks for the same waits for it
                self._asked[self._pool.submit(request)] = (label, request)
            else:
                continue
            del self._made_elsewhere[label]

    def _accept(self, outcomes: Iterable[Outcome]) -> list[tuple[int, Measurement | str]]:
        """Store what was measured, all of it at once: that, too, which came with something whose
        images have no room. Raises ArtifactsUnavailable for the latter then."""
        answers: list[tuple[int, Measurement | str]] = []
        made: dict[MeasurementKey, tuple[int, Measurement]] = {}
        failed: list[MeasurementKey] = []
        without_room: ArtifactsUnavailable | None = None
        for outcome in outcomes:
            label, request = self._asked.pop(outcome.ticket)
            if outcome.measurement is None:
                failed.append(request.key)
                answers.append((label, outcome.failure))
                continue
            telemetry.observe_measurement(
                request.protocol.objective, outcome.measurement.seconds, device=request.device
            )
            try:
                made[request.key] = label, self._shown(outcome.measurement)
            except ArtifactsUnavailable as error:
                without_room = error
        if made:
            stored = self._storage.measurements.add({key: m for key, (_, m) in made.items()})
            answers += [
                (label, replace(stored[key], seconds=m.seconds)) for key, (label, m) in made.items()
            ]
        if failed:
            self._storage.measurements.give_up(self._claim, failed)
        if without_room is not None:
            raise without_room
        return answers

    def _shown(self, measurement: Measurement) -> Measurement:
        """Its images kept as an artifact, if it has any."""
        if measurement.images_png is None:
            return measurement
        artifact = self._artifacts.put(measurement.images_png, media_type="image/png")
        details = {**measurement.details, "images_artifact": artifact}
        return replace(measurement, details=details, images_png=None)
