"""The promises on real processes: a worker, its Ray, networks, and SQLite between them and us."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from search_service import catalog, jobs
from search_service.domain.job import Job, JobState
from search_service.domain.supernet import SupernetStatus
from search_service.queue import open_wake_ups
from search_service.storage import open_storage
from search_service.storage.base import Storage

ZOO = Path(__file__).parents[2] / "zoo" / "anycost-fashion32"
WORKER = """
import sys
from pathlib import Path
from search_service.artifacts import Artifacts
from search_service.queue import open_wake_ups
from search_service.storage import open_storage
from workers.driver import Driver
from workers.pool import Cluster

folder, actors = Path(sys.argv[1]), int(sys.argv[2])
storage = open_storage(f"sqlite:///{folder / 'gansearch.db'}")
cluster = Cluster(cpus=actors)
driver = Driver(
    name="worker",
    storage=storage,
    wake_ups=open_wake_ups(None),
    artifacts=Artifacts(str(folder / "artifacts")),
    cluster=cluster,
    references=folder / "references",
    runs=folder / "runs",
)
driver.register_devices()
while True:
    driver.turn()
"""
SPEC: dict[str, Any] = {
    "supernet": "net",
    "objectives": [{"name": "fid"}, {"name": "macs"}],
    "searcher": {"name": "nsga2", "parameters": {"population_size": 6}},
    "budget": {"evaluations": 24},
    "fidelity": {"samples": [64, 128], "final_samples": 256},
    "parallelism": 5,
    "seed": 3,
}
WAIT_SECONDS = 150.0

pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.xdist_group("ray")]


class Site:
    """A data directory, and the worker that runs on it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.storage: Storage = open_storage(f"sqlite:///{folder / 'gansearch.db'}")
        self._worker: subprocess.Popen[bytes] | None = None

    def start(self, actors: int) -> None:
        with (self.folder / "worker.log").open("ab") as log:
            self._worker = subprocess.Popen(
                [sys.executable, "-c", WORKER, str(self.folder), str(actors)],
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL to the worker and to the Ray it started, as when a machine goes."""
        if self._worker is not None:
            os.killpg(self._worker.pid, signal.SIGKILL)
            self._worker.wait()
            self._worker = None

    def submit(self) -> Job:
        parameters = json.loads((ZOO / "parameters.json").read_text())
        wake_ups = open_wake_ups(None)
        catalog.register_supernet(
            **{**parameters, "name": "net", "checkpoint": str(ZOO / "weights.safetensors")},
            storage=self.storage,
            wake_ups=wake_ups,
        )
        return jobs.submit("search", SPEC, storage=self.storage, wake_ups=wake_ups)

    def wait(self, until: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not until():
            assert time.monotonic() < deadline, (self.folder / "worker.log").read_text()[-2000:]
            time.sleep(0.1)

    def finish(self, job: Job) -> None:
        self.wait(lambda: self.storage.jobs.get(job.id).state.terminal)
        ended = self.storage.jobs.get(job.id)
        assert ended.state is JobState.SUCCEEDED, ended.reason

    def outcome(self, job: Job) -> tuple[list[Any], list[Any]]:
        """Evaluations by number and the front, without ids and times."""
        evaluations = [
            (e.number, e.architecture, e.state, e.rung, dict(e.values), dict(e.final_values))
            for e in self.storage.evaluations.of_job(job.id)
        ]
        front = self.storage.evaluations.front_of(job.id)
        return evaluations, sorted((e.architecture, str(dict(e.best_values))) for e in front)


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[Callable[[], Site]]:
    sites: list[Site] = []

    def make() -> Site:
        sites.append(Site(tmp_path / str(len(sites))))
        return sites[-1]

    yield make
    for site in sites:
        site.kill()
        site.storage.close()


@pytest.mark.timeout(500)
def test_promises_1_and_2_hold_for_a_killed_worker_and_for_one_actor_or_three(
    make_site: Callable[[], Site],
) -> None:
    """An undisturbed search on one actor; the same killed in the middle and resumed on three."""
    straight = make_site()
    first = straight.submit()
    straight.start(actors=1)
    straight.finish(first)
    straight.kill()

    broken = make_site()
    second = broken.submit()
    broken.start(actors=1)
    broken.wait(lambda: broken.storage.jobs.get(second.id).evaluations >= 8)
    broken.kill()
    kept = broken.storage.jobs.get(second.id).evaluations
    assert 8 <= kept < 24
    broken.start(actors=3)
    broken.finish(second)

    assert broken.outcome(second) == straight.outcome(first)
    assert len(straight.outcome(first)[0]) == 24
    assert broken.storage.supernets.get("net").status is SupernetStatus.READY
    sequences = [e.sequence for e in broken.storage.events.read(second.id)]
    assert sequences == list(range(1, len(sequences) + 1))
