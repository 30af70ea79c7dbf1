"""A user who steers jobs through replicas that may be down, and one who hears of all their ends."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn

from api.app import create_app
from infra.chaos import steering
from infra.chaos.following import Following
from infra.chaos.steering import Fate, Steering
from infra.ports import free_ports
from search_service import jobs
from search_service.artifacts import Artifacts
from search_service.domain.job import Claim, JobState, JobStep
from search_service.errors import LostClaim
from search_service.queue import PollingWakeUps
from search_service.settings import Settings
from search_service.storage import open_storage
from search_service.storage.base import Storage
from tests.support.waiting import until

RECIPE = {"method": "pix2pix", "dataset": "fashion-mnist-edges", "images": 80, "batch": 2}
NAMES = ["a", "b", "c", "d", "doomed"]  # two are paused, one is tried again


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steering, "LOOK_SECONDS", 0.02)


@pytest.fixture
def storage() -> Iterator[Storage]:
    opened = open_storage("memory://")
    yield opened
    opened.close()


@pytest.fixture
def urls(storage: Storage, tmp_path: Path) -> Iterator[list[str]]:
    """A replica that is down, and one that is up."""
    app = create_app(
        Settings(data_dir=tmp_path), storage=storage, artifacts=Artifacts(str(tmp_path / "a"))
    )
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    until(lambda: server.started)
    yield [f"http://127.0.0.1:{port}" for port in (*free_ports(1), listener.getsockname()[1])]
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture
def ids(storage: Storage) -> dict[str, str]:
    spec = {"recipe": RECIPE}
    wake_ups = PollingWakeUps()
    return {n: jobs.submit("train", spec, storage=storage, wake_ups=wake_ups).id for n in NAMES}


def work(storage: Storage, *, stop: Callable[[], bool]) -> None:
    """Claim whatever there is; end nothing before `stop`, then all of it."""
    claims: dict[str, Claim] = {}
    deadline = time.monotonic() + 60
    while not stop():
        assert time.monotonic() < deadline
        if claim := storage.jobs.claim(worker="w", lease_seconds=60):
            claims[claim.job.id] = claim
        time.sleep(0.01)
    while claim := storage.jobs.claim(worker="w", lease_seconds=60):
        claims[claim.job.id] = claim
    for claim in claims.values():
        try:
            storage.jobs.finish(claim, state=JobState.SUCCEEDED, reason="")
        except LostClaim:  # cancelled
            continue


def test_every_errand_is_carried_out_and_each_end_is_heard_once(
    storage: Storage, urls: list[str], ids: dict[str, str]
) -> None:
    user = Steering(urls, ids, ["doomed"], seed=0, before_seconds=(0.0, 0.1))
    user.start(NAMES)
    followers = {
        name: Following(urls, job, ends=lambda name=name: user.ends(name))  # type: ignore[misc]
        for name, job in ids.items()
    }
    work(storage, stop=lambda: user.over)
    until(lambda: all(follower.ended for follower in followers.values()))
    fates = user.done
    assert sorted(fates.values()) == sorted(
        [Fate.PAUSED, Fate.PAUSED, Fate.RETRIED, Fate.CANCELLED]
    )
    assert fates["doomed"] is Fate.CANCELLED
    for name, job in ids.items():
        ended = storage.jobs.get(job)
        doomed, retried = fates.get(name) is Fate.CANCELLED, fates.get(name) is Fate.RETRIED
        assert ended.state is (JobState.CANCELLED if doomed else JobState.SUCCEEDED)
        assert ended.attempt == 1 + retried == user.ends(name)
        told = [event.sequence for event in storage.events.read(job, after=0)]
        assert followers[name].heard == told
    user.close()


def test_a_job_that_ended_before_is_left_alone(
    storage: Storage, urls: list[str], ids: dict[str, str]
) -> None:
    work(storage, stop=lambda: True)
    user = Steering(urls, ids, ["doomed"], seed=0, before_seconds=(0.0, 0.1))
    user.start(NAMES)
    until(lambda: user.over)
    assert user.done == {}
    assert [user.ends(name) for name in NAMES] == [1] * len(NAMES)
    user.close()


def test_a_step_whose_answer_was_lost_is_not_taken_for_missed(
    storage: Storage, urls: list[str], ids: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The replica dies after each step was stored and before it could say so."""
    ask = Steering._ask
    lost: list[str] = []

    def losing(self: Steering, method: str, path: str) -> object:
        answer = ask(self, method, path)
        if method == "POST" and answer is not None and answer.is_success:
            lost.append(path)
            answer.status_code = 502
        return answer

    monkeypatch.setattr(Steering, "_ask", losing)
    user = Steering(urls, ids, ["doomed"], seed=0, before_seconds=(0.0, 0.1))
    user.start(NAMES)
    work(storage, stop=lambda: user.over)
    assert len(user.done) == 4
    assert storage.jobs.get(ids["doomed"]).state is JobState.CANCELLED
    assert any(path.endswith(JobStep.RETRY) for path in lost)
    user.close()
