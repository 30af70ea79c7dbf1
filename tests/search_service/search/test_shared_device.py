"""Two searches that share their measurements and one device, which a pool keeps between uses."""

from collections.abc import Callable, Sequence
from typing import Any

from search_service import catalog
from search_service.domain.measurement import Measurement, MeasurementRequest, Protocol
from search_service.domain.space import largest, smallest
from search_service.pools import InlinePool, Outcome
from search_service.search.measuring import LOOK_SECONDS, Measuring


class Slot:
    """A device that one pool has at a time, and the pools that have something to measure on it."""

    def __init__(self) -> None:
        self.holder: object = None
        self.wanted_by: set[object] = set()


class SlotPool(InlinePool):
    """Keeps the slot once it has measured, until it is idle at a turn of its own and another pool
    wants it: as a pool of actors does."""

    def __init__(self, measure: Callable[[MeasurementRequest], Measurement], slot: Slot) -> None:
        super().__init__(measure)
        self._slot = slot

    def submit(self, request: MeasurementRequest) -> int:
        """See Pool."""
        self._slot.wanted_by.add(self)
        return super().submit(request)

    def wait(self, timeout_seconds: float) -> Sequence[Outcome]:
        """See Pool."""
        slot = self._slot
        if self not in slot.wanted_by:
            if slot.holder is self and slot.wanted_by:
                slot.holder = None
            return []
        if slot.holder not in (None, self):
            return []
        slot.holder = self
        slot.wanted_by.remove(self)
        return super().wait(timeout_seconds)


def test_who_waits_for_what_another_job_makes_gives_up_the_device_that_it_takes(
    make_world: Callable[..., Any],
) -> None:
    world = make_world()
    space = catalog.space_of(world.supernet)
    first, second = (
        MeasurementRequest(
            supernet=world.supernet.id,
            supernet_digest=world.supernet.digest,
            architecture=str(architecture),
            protocol=Protocol(objective="latency_ms", parameters={"reference_ms": 1.0}),
            device="cpu",
        )
        for architecture in (smallest(space), largest(space))
    )
    slot, jobs = Slot(), [world.submit(), world.submit()]
    ours, theirs = (
        Measuring(
            claim=world.storage.jobs.claim(worker=job.id, lease_seconds=60),
            storage=world.storage,
            pool=SlotPool(world.laboratory.measure, slot),
            artifacts=world.artifacts,
        )
        for job in jobs
    )
    ours.ask(0, first)
    assert len(ours.receive(5.0)) == 1
    theirs.ask(2, second)
    assert theirs.receive(0.0) == []  # it is theirs to make, and we hold the device
    ours.ask(1, second)
    came: dict[int, Any] = {}
    for _ in range(4):
        came |= ours.receive(LOOK_SECONDS)
        came |= theirs.receive(0.0)
    assert came[1].value == came[2].value
    assert len(world.laboratory.requests) == 2
