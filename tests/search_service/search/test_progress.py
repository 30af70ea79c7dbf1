from typing import Any

import pytest

from search_service.domain.event import EventKind


def test_the_time_left_of_the_final_measurements_is_by_their_own_pace(
    make_world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search_service.search.progress.PERIOD_SECONDS", 0.0)
    world = make_world()
    job = world.submit(budget={"evaluations": 20})
    world.run()
    told = [
        event.data
        for event in world.storage.events.read(job.id, after=0)
        if event.kind is EventKind.PROGRESS
    ]
    first, *later = [data for data in told if data["phase"] == "final"]
    assert (first["done"], first["eta_seconds"]) == (0, None)
    assert all(data["eta_seconds"] is not None for data in later)
    assert (later[-1]["done"], later[-1]["eta_seconds"]) == (later[-1]["budget"], 0.0)
    assert len(later) > 2
