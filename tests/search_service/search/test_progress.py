from typing import Any

import pytest

from search_service.domain.evaluation import EvaluationState
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


def test_a_search_of_which_nothing_meets_a_measured_constraint_says_so_from_the_first_on(
    make_world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search_service.search.progress.PERIOD_SECONDS", 0.0)
    world = make_world()
    bound = {"name": "latency_ms", "op": "le", "value": 0.001, "device": "cpu"}
    job = world.submit(constraints=[bound])
    world.run()
    told = [
        event.data["unmet"]
        for event in world.storage.events.read(job.id, after=0)
        if event.kind is EventKind.PROGRESS
    ]
    evaluations = world.storage.evaluations.of_job(job.id)
    nearest = min(evaluations, key=lambda e: e.values["latency_ms"].value)
    assert told[0]["evaluated"] < len(evaluations)
    assert told[-1] == {
        "evaluated": len(evaluations),
        "constraints": ["latency_ms<=0.001"],
        "nearest": {
            "evaluation": nearest.id,
            "values": {"latency_ms": nearest.values["latency_ms"].value},
        },
    }


def test_nothing_of_the_kind_is_said_once_one_meets_it(world: Any) -> None:
    bound = {"name": "latency_ms", "op": "le", "value": 3.0, "device": "cpu"}
    job = world.submit(constraints=[bound])
    world.run()
    states = {e.state for e in world.storage.evaluations.of_job(job.id)}
    assert states == {EvaluationState.MEASURED, EvaluationState.INFEASIBLE}
    last = [
        event.data
        for event in world.storage.events.read(job.id, after=0)
        if event.kind is EventKind.PROGRESS
    ][-1]
    assert last["front_size"] > 0
    assert "unmet" not in last
