"""The real app over real stores, and a search that looks like one that ran."""

import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI
from PIL import Image

from api.app import create_app
from search_service import catalog, fronts, jobs
from search_service.artifacts import Artifacts
from search_service.domain import pareto
from search_service.domain.evaluation import Evaluation, EvaluationState, Finished, Value
from search_service.domain.ids import new_id
from search_service.domain.job import Claim, Job, JobState
from search_service.domain.space import Architecture, SearchSpace, sample
from search_service.domain.supernet import Device, Supernet, SupernetStatus
from search_service.queue import PollingWakeUps
from search_service.settings import Settings
from search_service.storage import open_storage
from search_service.storage.base import Storage
from tests.support.databases import sqlite_url
from tests.support.proxy import Proxy, proxied
from tests.support.waiting import PATIENCE_SECONDS

BODY: dict[str, Any] = {
    "kind": "search",
    "spec": {
        "supernet": "tiny",
        "objectives": [{"name": "fid"}, {"name": "latency_ms", "device": "cpu"}],
        "searcher": {"name": "random"},
        "budget": {"evaluations": 40},
    },
}


def add_tiny_to(opened: Storage) -> None:
    """A ready supernet `tiny` and a device `cpu`."""
    now = datetime.now(UTC)
    opened.supernets.add(
        Supernet(
            id=new_id("sup"),
            name="tiny",
            family="anycost",
            parameters={"resolution": 32, "channel_multiplier": 0.0625, "image_channels": 1},
            checkpoint="tiny.safetensors",
            dataset="fashion-mnist-32",
            feature_extractor="fashion-classifier",
            status=SupernetStatus.READY,
            digest="0" * 64,
            created_at=now,
        )
    )
    opened.devices.put(
        Device(id=new_id("dev"), name="cpu", protocol={"threads": 1}, created_at=now)
    )


@pytest.fixture
def add_tiny() -> Callable[[Storage], None]:
    return add_tiny_to


@pytest.fixture
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    """With a ready supernet `tiny` and a device `cpu`; in memory unless parametrized otherwise."""
    is_memory = getattr(request, "param", "memory") == "memory"
    opened = open_storage("memory://" if is_memory else sqlite_url(tmp_path))
    add_tiny_to(opened)
    yield opened
    opened.close()


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    return Artifacts(str(tmp_path / "artifacts"))


@pytest.fixture
def app(storage: Storage, artifacts: Artifacts, tmp_path: Path) -> FastAPI:
    settings = Settings(data_dir=tmp_path)
    return create_app(settings, storage=storage, artifacts=artifacts)


@pytest.fixture
def client(app: FastAPI) -> Iterator[httpx.Client]:
    with (
        serving(app) as address,
        httpx.Client(base_url=address, timeout=PATIENCE_SECONDS) as opened,
    ):
        yield opened


@pytest.fixture
def serve(
    tmp_path: Path, artifacts: Artifacts
) -> Callable[[], AbstractContextManager[httpx.Client]]:
    """Another replica, with a store of its own over the same database file."""

    @contextmanager
    def another() -> Iterator[httpx.Client]:
        opened = open_storage(f"sqlite:///{tmp_path / 'gansearch.db'}")
        app = create_app(Settings(data_dir=tmp_path), storage=opened, artifacts=artifacts)
        with (
            serving(app) as address,
            httpx.Client(base_url=address, timeout=PATIENCE_SECONDS) as client,
        ):
            yield client
        opened.close()

    return another


@pytest.fixture
def body() -> dict[str, Any]:
    """A search that is accepted."""
    return {**BODY, "spec": dict(BODY["spec"])}


@pytest.fixture
def submit(storage: Storage) -> Callable[..., Job]:
    """Queue a search of `tiny`; fields of the spec may be given."""

    def do(**fields: Any) -> Job:
        spec = {**BODY["spec"], **fields}
        return jobs.submit("search", spec, storage=storage, wake_ups=PollingWakeUps())

    return do


class RunningSearch:
    """Records evaluations of a claimed job as a worker would; values are made up, smoothly."""

    def __init__(self, job: Job, storage: Storage, artifacts: Artifacts) -> None:
        claim = storage.jobs.claim(worker="test", lease_seconds=600)
        assert claim is not None
        assert claim.job.id == job.id
        self.claim: Claim = claim
        self._storage = storage
        self._artifacts = artifacts
        self._space: SearchSpace = catalog.space_of(storage.supernets.get(job.supernet))
        self._rng = np.random.default_rng(7)
        self._reference = np.array([120.0, 12.0])

    def advance(self, count: int = 1) -> None:
        """So many more evaluations, and the front they make."""
        for _ in range(count):
            told = self._storage.evaluations.of_job(self.claim.job.id)
            new = self._evaluation(len(told))
            everything = [*told, new]
            costs = np.array(
                [[e.values["fid"].value, e.values["latency_ms"].value] for e in everything]
            )
            kept = pareto.non_dominated(costs)
            self._storage.evaluations.record(
                self.claim,
                [
                    Finished(
                        evaluation=new,
                        front=[e.id for e, keep in zip(everything, kept, strict=True) if keep],
                        hypervolume=pareto.hypervolume(costs, self._reference),
                        reference_point={"fid": 120.0, "latency_ms": 12.0},
                    )
                ],
            )

    def finish(self) -> None:
        """Re-measure the front and succeed."""
        front = self._storage.evaluations.front_of(self.claim.job.id)
        final = {e.id: {"fid": _fid(e.values["fid"].value * 1.01, 10_000)} for e in front}
        self._storage.evaluations.record_final(
            self.claim,
            final,
            front=list(final),
            hypervolume=self._storage.jobs.get(self.claim.job.id).hypervolume,
        )
        self._storage.jobs.finish(self.claim, state=JobState.SUCCEEDED, reason="budget")

    def _evaluation(self, number: int) -> Evaluation:
        architecture: Architecture = sample(self._space, self._rng)
        macs = self._space.macs(architecture)
        share = macs / 2e7
        latency = 0.4 + 6.0 * share + float(self._rng.normal(0, 0.05))
        fid = 9.0 + 9.0 / (0.12 + share) + float(self._rng.gamma(2.0, 2.5))
        return Evaluation(
            id=new_id("evl"),
            job=self.claim.job.id,
            supernet=self.claim.job.supernet,
            number=number,
            architecture=architecture.text,
            options=self._space.describe(architecture),
            state=EvaluationState.MEASURED,
            rung=1,
            values={
                "macs": Value(value=macs),
                "params": Value(value=self._space.params(architecture)),
                "fid": _fid(fid, 2048),
                "latency_ms": Value(
                    value=latency, low=latency * 0.97, high=latency * 1.03, device="cpu"
                ),
            },
            samples_artifact=self._artifacts.put(picture(number), media_type="image/png"),
            seconds=0.5,
            created_at=datetime.now(UTC),
        )


def _fid(value: float, samples: int) -> Value:
    half = 40.0 / samples**0.5
    return Value(
        value=value,
        low=value - half,
        high=value + half,
        samples=samples,
        protocol_digest=f"{samples}",
    )


def picture(seed: int) -> bytes:
    """A grid of 4 by 4 grey images, each 32 by 32."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (16, 16), dtype=np.uint8)
    target = io.BytesIO()
    Image.fromarray(coarse).resize((128, 128), Image.Resampling.BICUBIC).save(target, "PNG")
    return target.getvalue()


@pytest.fixture
def run(storage: Storage, artifacts: Artifacts) -> Callable[[Job], RunningSearch]:
    """Claim a job and play its worker."""

    def do(job: Job) -> RunningSearch:
        return RunningSearch(job, storage, artifacts)

    return do


@pytest.fixture
def ended(submit: Callable[..., Job], run: Callable[[Job], RunningSearch], storage: Storage) -> Job:
    """A search that succeeded."""
    job = submit()
    search = run(job)
    search.advance(40)
    search.finish()
    assert fronts.job_front(storage.jobs.get(job.id), storage=storage).points
    return storage.jobs.get(job.id)


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The app behind a real socket; its URL."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture
def way(empty_postgres_url: str) -> Iterator[tuple[Proxy, str]]:
    """To a real PostgreSQL: what can hold up or break its connections, and the URL through it."""
    with proxied(empty_postgres_url) as opened:
        yield opened
