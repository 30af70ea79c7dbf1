"""A training that may not begin yet."""

from typing import Any

import pytest

from search_service import jobs
from search_service.domain.event import EventKind
from search_service.domain.job import JobState
from search_service.queue import PollingWakeUps
from workers.runners import train

RECIPE = {"method": "pix2pix", "dataset": "fashion-mnist-edges", "images": 80, "batch": 6}


def test_a_training_that_waits_for_cores_says_so_once_and_can_be_handed_back(
    workplace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "TELL_SECONDS", 0.0)
    held: list[int] = []

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
