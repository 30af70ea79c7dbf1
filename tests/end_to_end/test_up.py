"""`gansearch up` as a user has it: real processes, started, disturbed and stopped."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

import pytest

from search_service.cli.supernets import settled
from search_service.client import Client
from search_service.storage import open_storage
from tests.support.waiting import PATIENCE_SECONDS, until

ZOO = Path(__file__).parents[2] / "zoo" / "anycost-fashion32"
SPEC = {
    "supernet": "net",
    "objectives": [{"name": "fid"}, {"name": "latency_ms", "device": "cpu"}],
    "budget": {"evaluations": 400},
    "fidelity": {"samples": [64], "final_samples": 64},
    "parallelism": 4,
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.ray,
    pytest.mark.xdist_group("up"),
    pytest.mark.timeout(900),
]


class Up:
    """A running `gansearch up` and what it said."""

    def __init__(self, port: int, data: Path, words: IO[str]) -> None:
        self.port, self.data, self._words = port, data, words
        self.process = subprocess.Popen(command(port, data), stdout=words, stderr=words)

    def said(self) -> str:
        return Path(self._words.name).read_text()

    def wait_until(self, event: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not event():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)

    def wait_until_up(self) -> None:
        self.wait_until(lambda: "is up" in self.said())

    def ends(self) -> int:
        return self.process.wait(PATIENCE_SECONDS)


def command(port: int, data: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "search_service.cli", "up"),
        *("--port", str(port), "--data", str(data)),
    ]


def refused(port: int, data: Path) -> str:
    """The one line with which another `up` is refused."""
    done = subprocess.run(command(port, data), capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done
    return done.stderr


@pytest.fixture
def start(
    tmp_path: Path, port: int, children_of: Callable[[int], dict[str, int]]
) -> Iterator[Callable[[], Up]]:
    """Starts one on the test's data directory; whatever fails, it is killed in the end."""
    started: list[Up] = []
    with (tmp_path / "words").open("w") as words:

        def begin() -> Up:
            words.truncate(0)
            words.seek(0)
            started.append(Up(port, tmp_path / "data", words))
            return started[-1]

        yield begin
        for up in started:
            children = children_of(up.process.pid)
            up.process.kill()
            up.process.wait()
            for leader in children.values():
                os.killpg(leader, signal.SIGKILL)


def test_it_serves_a_search_alone_and_hands_it_back_when_it_is_terminated(
    start: Callable[[], Up],
    tmp_path: Path,
    children_of: Callable[[int], dict[str, int]],
    left_of: Callable[[Iterable[int]], list[int]],
) -> None:
    up = start()
    up.wait_until_up()
    with Client(f"http://127.0.0.1:{up.port}") as client:
        assert [device["name"] for device in client.devices()] == ["cpu"]

        assert f"(process {up.process.pid}) uses {up.data}" in refused(up.port, up.data)
        assert f"port {up.port} cannot be used" in refused(up.port, tmp_path / "other")

        parameters = json.loads((ZOO / "parameters.json").read_text())
        weights = str(ZOO / "weights.safetensors")
        supernet = client.add_supernet({**parameters, "name": "net", "checkpoint": weights})
        settled(client, supernet["id"])
        job = client.submit("search", SPEC)["id"]
        up.wait_until(lambda: client.job(job)["evaluations"] >= 5)

    children = children_of(up.process.pid)
    assert set(children) == {"api", "workers"}
    at_work = children_of(children["workers"])["workers"]
    up.process.terminate()
    assert up.ends() == 0
    until(lambda: not left_of(children.values()))  # what was killed may take a moment
    assert up.said().endswith("stopping\n")
    for text in (up.said(), *(log.read_text() for log in (up.data / "logs").iterdir())):
        assert "Traceback" not in text
    assert not list(Path("/tmp").glob(f"gs-ray-{at_work}-*"))

    storage = open_storage(f"sqlite:///{up.data / 'gansearch.db'}")
    handed_back = storage.jobs.get(job)
    assert handed_back.state == "running"
    assert handed_back.evaluations >= 5
    claim = storage.jobs.claim(worker="next", lease_seconds=1.0)  # at once: nobody holds it
    assert claim is not None
    assert claim.job.id == job
    storage.close()


def test_a_worker_that_refuses_to_start_is_told_at_once_in_its_own_words(
    tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setenv("GANSEARCH_RAY_ADDRESS", address)
    told = refused(port, tmp_path / "data")
    assert (
        f"the worker ended with status 1: gansearch worker: cannot reach Ray at {address}" in told
    )
    assert str(tmp_path / "data" / "logs" / "worker.log") in told


def test_it_ends_in_one_line_when_a_child_dies_and_the_next_clears_up(
    start: Callable[[], Up],
    tmp_path: Path,
    children_of: Callable[[int], dict[str, int]],
    left_of: Callable[[Iterable[int]], list[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The worker is killed, then in a second `up` the API; the jobs are in another database."""
    monkeypatch.setenv("GANSEARCH_DATABASE_URL", f"sqlite:///{tmp_path / 'elsewhere.db'}")
    up = start()
    up.wait_until_up()
    children = children_of(up.process.pid)
    folders = f"gs-ray-{children_of(children['workers'])['workers']}-*"
    assert list(Path("/tmp").glob(folders))
    os.killpg(children["workers"], signal.SIGKILL)  # both of its processes
    assert up.ends() == 1
    log = up.data / "logs" / "worker.log"
    assert up.said().splitlines()[1:] == [f"gansearch: the worker was killed by SIGKILL; see {log}"]
    until(lambda: not left_of(children.values()))
    # Its folder is still there, unless some other Ray of this machine has begun since.

    up = start()
    up.wait_until_up()
    assert not list(Path("/tmp").glob(folders))
    children = children_of(up.process.pid)
    os.kill(children["api"], signal.SIGKILL)
    assert up.ends() == 1
    log = up.data / "logs" / "api.log"
    assert up.said().splitlines()[1:] == [f"gansearch: the api was killed by SIGKILL; see {log}"]
    until(lambda: not left_of(children.values()))

    assert not (up.data / "gansearch.db").exists()
    storage = open_storage(f"sqlite:///{tmp_path / 'elsewhere.db'}")
    assert [device.name for device in storage.devices.all()] == ["cpu"]
    storage.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_outlives_it_when_it_ends_while_the_worker_starts(
    number: signal.Signals,
    start: Callable[[], Up],
    children_of: Callable[[int], dict[str, int]],
    left_of: Callable[[Iterable[int]], list[int]],
) -> None:
    up = start()
    up.wait_until(lambda: "workers" in children_of(up.process.pid))
    children = children_of(up.process.pid)
    leader = children["workers"]
    up.wait_until(lambda: "workers" in children_of(leader))
    at_work = children_of(leader)["workers"]
    up.wait_until(lambda: len(left_of([leader])) > 2)  # its Ray is on the way
    up.process.send_signal(number)
    assert up.ends() == (0 if number is signal.SIGINT else -signal.SIGKILL)
    assert "is up" not in up.said()
    assert "Traceback" not in up.said()
    until(lambda: not left_of(children.values()))
    assert not list(Path("/tmp").glob(f"gs-ray-{at_work}-*"))
