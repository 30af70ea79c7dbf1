"""The promises on real processes: a worker, its Ray, networks, and SQLite between them and us."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest

from search_service import catalog, jobs
from search_service.domain.job import Job
from search_service.domain.supernet import SupernetStatus
from search_service.queue import open_wake_ups
from search_service.storage.base import Storage

ZOO = Path(__file__).parents[2] / "zoo" / "anycost-fashion32"
SPEC: dict[str, Any] = {
    "supernet": "net",
    "objectives": [{"name": "fid"}, {"name": "macs"}],
    "searcher": {"name": "nsga2", "parameters": {"population_size": 6}},
    "budget": {"evaluations": 24},
    "fidelity": {"samples": [64, 128], "final_samples": 256},
    "parallelism": 5,
    "seed": 3,
}

pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.xdist_group("ray")]


class Site(Protocol):
    """See conftest."""

    storage: Storage

    def start(self, actors: int) -> None: ...
    def kill(self) -> None: ...
    def wait(self, until: Callable[[], bool]) -> None: ...
    def finish(self, job: Job) -> None: ...


def submit(site: Site) -> Job:
    parameters = json.loads((ZOO / "parameters.json").read_text())
    wake_ups = open_wake_ups(None)
    catalog.register_supernet(
        **{**parameters, "name": "net", "checkpoint": str(ZOO / "weights.safetensors")},
        storage=site.storage,
        wake_ups=wake_ups,
    )
    return jobs.submit("search", SPEC, storage=site.storage, wake_ups=wake_ups)


def outcome(site: Site, job: Job) -> tuple[list[Any], list[Any]]:
    """Evaluations by number and the front, without ids and times."""
    evaluations = [
        (e.number, e.architecture, e.state, e.rung, dict(e.values), dict(e.final_values))
        for e in site.storage.evaluations.of_job(job.id)
    ]
    front = site.storage.evaluations.front_of(job.id)
    return evaluations, sorted((e.architecture, str(dict(e.best_values))) for e in front)


@pytest.mark.timeout(500)
def test_promises_1_and_2_hold_for_a_killed_worker_and_for_one_actor_or_three(
    make_site: Callable[[], Site],
) -> None:
    """An undisturbed search on one actor; the same killed in the middle and resumed on three."""
    straight = make_site()
    first = submit(straight)
    straight.start(actors=1)
    straight.finish(first)
    straight.kill()

    broken = make_site()
    second = submit(broken)
    broken.start(actors=1)
    broken.wait(lambda: broken.storage.jobs.get(second.id).evaluations >= 8)
    broken.kill()
    kept = broken.storage.jobs.get(second.id).evaluations
    assert 8 <= kept < 24
    broken.start(actors=3)
    broken.finish(second)

    assert outcome(broken, second) == outcome(straight, first)
    assert len(outcome(straight, first)[0]) == 24
    assert broken.storage.supernets.get("net").status is SupernetStatus.READY
    sequences = [e.sequence for e in broken.storage.events.read(second.id)]
    assert sequences == list(range(1, len(sequences) + 1))
