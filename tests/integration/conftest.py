"""A data directory, a worker on it that can be killed, and what is asked of both."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from search_service.domain.job import Job, JobState
from search_service.storage import open_storage
from search_service.storage.base import Storage

WORKER = """
import sys
from pathlib import Path
from search_service.artifacts import Artifacts
from search_service.queue import open_wake_ups
from search_service.storage import open_storage
from workers.driver import Driver
from workers.pool.cluster import Cluster

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
WAIT_SECONDS = 240.0


class Site:
    """A data directory, and the worker that runs on it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.storage: Storage = open_storage(f"sqlite:///{folder / 'gansearch.db'}")
        self._worker: subprocess.Popen[bytes] | None = None

    def start(self, actors: int) -> None:
        """Nothing where one runs already."""
        if self._worker is not None:
            return
        with (self.folder / "worker.log").open("ab") as log:
            self._worker = subprocess.Popen(
                [sys.executable, "-c", WORKER, str(self.folder), str(actors)],
                env=os.environ | {"RAY_worker_niceness": "0"},  # or a busy machine starves it
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

    def wait(self, until: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not until():
            assert time.monotonic() < deadline, (self.folder / "worker.log").read_text()[-2000:]
            time.sleep(0.1)

    def finish(self, job: Job) -> None:
        self.wait(lambda: self.storage.jobs.get(job.id).state.terminal)
        ended = self.storage.jobs.get(job.id)
        assert ended.state is JobState.SUCCEEDED, ended.reason


@pytest.fixture(scope="module")
def make_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Site]]:
    sites: list[Site] = []

    def make() -> Site:
        sites.append(Site(tmp_path_factory.mktemp("site") / "data"))
        return sites[-1]

    yield make
    for site in sites:
        site.kill()
        site.storage.close()
