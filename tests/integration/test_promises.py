"""The promises on real processes: a worker, its Ray, networks, and SQLite between them and us."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest
import torch

from search_service import catalog, jobs
from search_service.artifacts import Artifacts
from search_service.domain.job import Job
from search_service.domain.supernet import SupernetStatus
from search_service.pools import InlinePool
from search_service.queue import open_wake_ups
from search_service.storage.base import Storage
from workers.evaluation import ArchitectureEvaluator
from workers.kept_pool import KeptPool
from workers.pool.spec import EvaluatorSpec
from workers.runners import RUNNERS, Means
from workers.settling import settle_supernets

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

pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.xdist_group("promises")]


class Alone(InlinePool):
    """Measures in this process, without any cluster."""

    def __init__(self, spec: EvaluatorSpec, *, check: Callable[[], None]) -> None:
        evaluator = ArchitectureEvaluator(
            family=spec.family,
            parameters=spec.parameters,
            weights=spec.weights,
            judging=spec.judging,
        )
        super().__init__(evaluator.measure)
        self.image_protocols: Mapping[str, Any] = evaluator.image_protocols

    def rest(self) -> None:
        """See SupernetPool."""

    def close(self) -> None:
        """See SupernetPool."""


class Site(Protocol):
    """See conftest."""

    storage: Storage
    folder: Path

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


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As in an actor."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def search_alone(site: Site) -> None:
    """The job that was submitted there, to its end."""

    def go_on() -> None:
        """Nothing ends it early."""

    pool = KeptPool(Alone, references=site.folder / "references")
    settle_supernets(storage=site.storage, pool=pool, check=go_on)
    claim = site.storage.jobs.claim(worker="alone", lease_seconds=600)
    assert claim is not None
    means = Means(
        storage=site.storage,
        artifacts=Artifacts(str(site.folder / "artifacts")),
        pool=pool,
        shards=lambda *_: pytest.fail("no shards"),
        living=lambda: pytest.fail("no nodes"),
        hold=lambda _, *, begun=False: pytest.fail("no training"),
        references=site.folder / "references",
        runs=site.folder / "runs",
        check=go_on,
        drain_seconds=0.0,
    )
    ended = RUNNERS[claim.job.kind](claim, means)
    site.storage.jobs.finish(claim, state=ended.state, reason=ended.reason)


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
    make_site: Callable[[], Site], one_thread: None
) -> None:
    """An undisturbed search in this process; the same on one actor, killed in the middle, together
    with its Ray, and resumed on three."""
    broken, straight = make_site(), make_site()
    second, first = submit(broken), submit(straight)
    broken.start(actors=1)
    broken.wait(lambda: broken.storage.jobs.get(second.id).evaluations >= 8)
    broken.kill()
    kept = broken.storage.jobs.get(second.id).evaluations
    assert 8 <= kept < 24
    broken.start(actors=3)
    search_alone(straight)  # while it starts
    straight.finish(first)
    broken.finish(second)

    assert outcome(broken, second) == outcome(straight, first)
    assert len(outcome(straight, first)[0]) == 24
    assert broken.storage.supernets.get("net").status is SupernetStatus.READY
    sequences = [e.sequence for e in broken.storage.events.read(second.id)]
    assert sequences == list(range(1, len(sequences) + 1))
