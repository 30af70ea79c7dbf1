"""A search that is stopped: what is in hand is kept, nothing more is begun."""

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

import pytest

from search_service.domain.evaluation import EvaluationState
from search_service.domain.measurement import Measurement, MeasurementRequest
from search_service.errors import MeasurementFailed
from search_service.pools import Outcome


class Stopped(Exception):
    """Stands for SIGTERM."""


class Hands:
    """So many are measured at once; `begun` counts all that ever were. With `deaf` none ends."""

    def __init__(
        self, measure: Callable[[MeasurementRequest], Measurement], *, hands: int, deaf: bool
    ) -> None:
        self._measure = measure
        self._hands = hands
        self._deaf = deaf
        self._line: list[tuple[int, MeasurementRequest]] = []
        self._held: list[tuple[int, MeasurementRequest]] = []
        self._tickets = 0
        self.begun: list[MeasurementRequest] = []

    def submit(self, request: MeasurementRequest) -> int:
        """See Pool."""
        self._tickets += 1
        self._line.append((self._tickets, request))
        self._begin()
        return self._tickets

    def wait(self, timeout_seconds: float) -> Sequence[Outcome]:
        """See Pool."""
        if self._deaf:
            time.sleep(timeout_seconds)
            return []
        ticket, request = self._held.pop()
        self._begin()
        try:
            return [Outcome(ticket=ticket, measurement=self._measure(request))]
        except MeasurementFailed as error:
            return [Outcome(ticket=ticket, failure=str(error))]

    def withdraw(self) -> Collection[int]:
        """See Pool."""
        withdrawn = [ticket for ticket, _ in self._line]
        self._line.clear()
        return withdrawn

    def abandon(self) -> None:
        """See Pool."""
        self._line.clear()
        self._held.clear()

    def _begin(self) -> None:
        while self._line and len(self._held) < self._hands:
            self._held.append(self._line.pop(0))
            self.begun.append(self._held[-1][1])


def hands(world: Any, *, deaf: bool = False) -> Hands:
    return Hands(world.laboratory.measure, hands=4, deaf=deaf)


@pytest.mark.parametrize("when", ["at once", "in the search", "in the re-measurement"])
def test_nothing_that_was_begun_is_begun_again_after_a_drain(make_world: Any, when: str) -> None:
    """The window is 6 and 4 are in hand: those are kept and the other 2 handed back."""
    straight = make_world()
    job = straight.submit()
    straight.run()

    broken = make_world()
    again = broken.submit()

    def stop() -> None:
        last = broken.laboratory.requests[-1:]
        in_end = bool(last) and last[0].protocol.parameters["samples"] == 2048
        if {
            "at once": True,
            "in the search": len(broken.laboratory.requests) == 17,
            "in the re-measurement": in_end,
        }[when]:
            raise Stopped

    first = hands(broken)
    with pytest.raises(Stopped):
        broken.run(pool=first, check=stop, drain_seconds=60)
    assert len(broken.laboratory.requests) == len(first.begun) > 1
    second = hands(broken)
    broken.run(pool=second)
    begun = [*first.begun, *second.begun]
    assert len({str(request.key) for request in begun}) == len(begun)
    assert len(begun) == len(straight.laboratory.requests)
    assert broken.outcome(again) == straight.outcome(job)


def test_what_does_not_end_in_time_is_handed_back(make_world: Any) -> None:
    world = make_world()
    job = world.submit()

    def stop() -> None:
        raise Stopped

    deaf = hands(world, deaf=True)
    with pytest.raises(Stopped):
        world.run(pool=deaf, check=stop, drain_seconds=0.1)
    assert len(deaf.begun) == 4
    assert not world.storage.evaluations.of_job(job.id)
    successor = hands(world)
    world.run(pool=successor)
    assert {str(r.key) for r in deaf.begun} < {str(r.key) for r in successor.begun}


def test_candidates_that_end_in_a_drain_are_recorded_those_that_failed_too(make_world: Any) -> None:
    world = make_world()
    job = world.submit(fidelity={"samples": [128], "final_samples": 2048})
    in_hand = hands(world)
    world.laboratory.failing = lambda text: text == in_hand.begun[0].architecture

    def stop() -> None:
        raise Stopped

    with pytest.raises(Stopped):
        world.run(pool=in_hand, check=stop, drain_seconds=60)
    recorded = world.storage.evaluations.of_job(job.id)
    assert {e.architecture for e in recorded} == {r.architecture for r in in_hand.begun}
    assert [e.state for e in recorded].count(EvaluationState.FAILED) == 1
