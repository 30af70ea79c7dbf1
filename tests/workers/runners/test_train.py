"""A training that may not begin yet."""

from itertools import count
from typing import Any

import pytest

from search_service import jobs
from search_service.domain.event import EventKind
from search_service.domain.job import JobState
from search_service.errors import StorageUnavailable
from search_service.queue import PollingWakeUps
from workers.runners import train

RECIPE = {"method": "pix2pix", "dataset": "fashion-mnist-edges", "images": 80, "batch": 6}


@pytest.mark.parametrize("away", [0, 2])
def test_a_training_that_waits_for_cores_says_so_once_and_can_be_handed_back(
    workplace: Any, monkeypatch: pytest.MonkeyPatch, away: int
) -> None:
    """A database that is `away` so many times is told later, and costs it no place."""
    monkeypatch.setattr(train, "TELL_SECONDS", 0.0)
    held: list[int] = []
    events, tries = workplace.storage.events, count()
    log = events.log

    def log_when_there(*about: Any) -> None:
        if next(tries) < away:
            raise StorageUnavailable("the database does not answer: closed")
        log(*about)

    monkeypatch.setattr(events, "log", log_when_there)

    def hold(processes: int, /, *, begun: bool = False) -> bool:
        assert not begun
        held.append(processes)
        if len(held) == 4:
            workplace.driver.stop.set()
        return False

    workplace.machines.hold = hold
    spec = {"recipe": RECIPE, "workers": 3}
    job = jobs.submit("train", spec, storage=workplace.storage, wake_ups=PollingWakeUps())
    assert workplace.driver.turn()
    assert held == [3, 3, 3, 3, 0]
    told = [e.data for e in workplace.storage.events.read(job.id) if e.kind is EventKind.LOG]
    assert [data["message"] for data in told] == ["waiting for 3 free cores of the cluster"]
    assert workplace.storage.jobs.get(job.id).state is JobState.RUNNING
    assert workplace.storage.jobs.claim(worker="successor", lease_seconds=1.0) is not None
