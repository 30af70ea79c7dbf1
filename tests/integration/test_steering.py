"""Cancel, pause, resume and retry while a whole window is in flight, and SIGTERM: on a real worker
process with actors that are busy for minutes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from search_service import catalog, jobs
from search_service.domain.event import EventKind
from search_service.domain.job import Job, JobState, JobStep
from search_service.queue import PollingWakeUps
from search_service.storage import open_storage
from search_service.storage.base import Storage
from search_service.storage.sql.engine import Database
from tests.support.waiting import until

ZOO = Path(__file__).parents[2] / "zoo" / "anycost-fashion32"
WINDOW = 16
EVALUATIONS = 24
MINUTES = 1_000_000  # samples, which take an actor minutes
SECONDS = 2_000
PATIENCE_SECONDS = 240.0  # less than what is in flight would take

pytestmark = [
    pytest.mark.slow,
    pytest.mark.ray,
    pytest.mark.xdist_group("steering"),
    pytest.mark.timeout(900),
]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'gansearch.db'}"


@pytest.fixture
def storage(url: str) -> Iterator[Storage]:
    opened = open_storage(url)
    parameters = json.loads((ZOO / "parameters.json").read_text())
    catalog.register_supernet(
        **{**parameters, "name": "net", "checkpoint": str(ZOO / "weights.safetensors")},
        storage=opened,
        wake_ups=PollingWakeUps(),
    )
    yield opened
    opened.close()


@contextmanager
def worker(folder: Path, *, drain_seconds: float) -> Iterator["subprocess.Popen[bytes]"]:
    inherited = {name: v for name, v in os.environ.items() if not name.startswith("GANSEARCH_")}
    settings = {
        "GANSEARCH_DATA_DIR": str(folder),
        "GANSEARCH_DRAIN_SECONDS": str(drain_seconds),
        "RAY_worker_niceness": "0",  # or a busy machine starves it
    }
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "workers"],
            env={**inherited, **settings},
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):  # it has ended, and all that it started
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def submit(storage: Storage, *, samples: list[int], evaluations: int) -> Job:
    spec: dict[str, Any] = {
        "supernet": "net",
        "objectives": [{"name": "fid"}, {"name": "macs"}],
        "searcher": {"name": "random"},
        "budget": {"evaluations": evaluations},
        "fidelity": {"samples": samples, "final_samples": samples[-1]},
        "parallelism": WINDOW,
    }
    return jobs.submit("search", spec, storage=storage, wake_ups=PollingWakeUps())


def step(storage: Storage, job: Job, wanted: JobStep) -> Job:
    return jobs.step(job.id, wanted, storage=storage, wake_ups=PollingWakeUps())


def measured(url: str) -> int:
    database = Database(url)
    with database.reading() as connection:
        count: int = connection.execute(text("SELECT count(*) FROM measurements")).scalar_one()
    database.close()
    return count


def full(storage: Storage, job: Job, *, since: int) -> bool:
    """Whether the job told of a whole window in flight after that event."""
    told = storage.events.read(job.id, after=since)
    data = [event.data for event in told if event.kind is EventKind.PROGRESS]
    return any(d.get("in_flight", 0) >= WINDOW for d in data)


def last_event(storage: Storage, job: Job) -> int:
    return storage.events.read(job.id)[-1].sequence


def test_a_full_window_in_flight_holds_up_neither_the_user_nor_the_next_job(
    storage: Storage, url: str, tmp_path: Path
) -> None:
    first = submit(storage, samples=[64], evaluations=EVALUATIONS)
    with worker(tmp_path, drain_seconds=PATIENCE_SECONDS) as process:
        until(lambda: storage.jobs.get(first.id).state is JobState.SUCCEEDED)
        kept = measured(url)
        # The same architectures: all have their first value, and wait for the second.
        long = submit(storage, samples=[64, MINUTES], evaluations=EVALUATIONS)
        until(lambda: full(storage, long, since=0))
        told = last_event(storage, long)

        assert step(storage, long, JobStep.PAUSE).state is JobState.PAUSED
        short = submit(storage, samples=[96], evaluations=2)
        until(lambda: storage.jobs.get(short.id).state is JobState.SUCCEEDED)
        assert storage.jobs.get(long.id).state is JobState.PAUSED
        assert measured(url) > kept
        kept = measured(url)

        assert step(storage, long, JobStep.RESUME).state is JobState.RUNNING
        until(lambda: full(storage, long, since=told + 1))
        assert step(storage, long, JobStep.CANCEL).state is JobState.CANCELLED
        told = last_event(storage, long)
        assert step(storage, long, JobStep.RETRY).attempt == 2
        until(lambda: full(storage, long, since=told + 1))
        assert step(storage, long, JobStep.CANCEL).state is JobState.CANCELLED
        assert measured(url) == kept  # what was measured first was read ever after

        # SIGTERM while each actor has a measurement of some seconds in hand, and more wait.
        last = submit(storage, samples=[64, SECONDS], evaluations=EVALUATIONS)
        until(lambda: full(storage, last, since=0) and measured(url) > kept)
        before = measured(url)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=2 * PATIENCE_SECONDS) == 0
    after = measured(url)
    assert after > before
    claim = storage.jobs.claim(worker="successor", lease_seconds=1)  # at once: it was handed back
    assert claim is not None
    assert claim.job.id == last.id
