"""The worker process, before it has work; and the one that follows it."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from infra.chaos.postgres import Postgres
from infra.ports import free_port
from search_service.storage import migrate, open_storage
from tests.support.waiting import PATIENCE_SECONDS, until

pytestmark = pytest.mark.slow


@contextmanager
def worker(
    folder: Path, metrics_port: int, *, announce: int | None = None, database_url: str = ""
) -> Iterator[subprocess.Popen[str]]:
    environment = {name: v for name, v in os.environ.items() if not name.startswith("GANSEARCH_")}
    tells = [] if announce is None else ["--announce", str(announce)]
    process = subprocess.Popen(
        [sys.executable, "-m", "workers", *tells],
        pass_fds=[] if announce is None else [announce],
        env={
            **environment,
            "GANSEARCH_DATA_DIR": str(folder),
            "GANSEARCH_DATABASE_URL": database_url,
            "GANSEARCH_METRICS_PORT": str(metrics_port),
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_SECONDS)


def scrape(port: int, process: subprocess.Popen[str]) -> str:
    """What the worker answers, as soon as it does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                text: str = answer.read().decode()
                return text
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the worker serves no metrics")


def test_metrics_are_served_from_the_start(tmp_path: Path) -> None:
    port = free_port()
    with worker(tmp_path, port) as process:
        text = scrape(port, process)
    for name in (
        "gansearch_evaluations_total",
        "gansearch_evaluation_duration_seconds",
        "gansearch_front_hypervolume",
        "gansearch_workers",
        "gansearch_compute_seconds_total",
        "gansearch_job_duration_seconds",
    ):
        assert f"# TYPE {name} " in text


def test_a_metrics_port_in_use_ends_it_with_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with worker(tmp_path, port) as process:
            assert process.wait(timeout=PATIENCE_SECONDS) == 1
            assert process.stderr is not None
            said = process.stderr.read()
    assert said.startswith("gansearch worker: GANSEARCH_METRICS_PORT: cannot serve metrics at 127")
    assert said.count("\n") == 1


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Postgres]:
    """A server that is up, has the schema, and may be killed and started again."""
    with tempfile.TemporaryDirectory(prefix="gs-pg-", ignore_cleanup_errors=True) as folder:
        port = free_port()
        with closing(
            Postgres(Path(folder) / "data", port=port, log=tmp_path / "postgres.log")
        ) as server:
            begin(server)
            migrate(server.url)
            yield server


def begin(server: Postgres) -> None:
    server.start()
    until(server.serves)


@pytest.mark.ray
@pytest.mark.xdist_group("process")
@pytest.mark.timeout(900)
def test_a_worker_outlives_its_process_and_its_database_and_takes_jobs_again(
    tmp_path: Path, port: int, postgres: Postgres
) -> None:
    told, tells = os.pipe()
    with (
        closing(open_storage(postgres.url)) as storage,
        worker(tmp_path, port, announce=tells, database_url=postgres.url) as process,
        os.fdopen(told) as words,
    ):
        os.close(tells)
        assert words.readline() == "ready\n"
        (first,) = storage.workers.present()
        postgres.kill()
        os.kill(int(first.rpartition("-")[2]), signal.SIGKILL)
        assert process.stderr is not None
        said: list[str] = []
        while "waiting to begin" not in "".join(said[-1:]):
            said.append(process.stderr.readline())
            assert said[-1], f"it left: {said}"
        assert "gansearch worker: its process was ended by SIGKILL; another follows\n" in said
        begin(postgres)
        assert words.readline() == "ready\n"
        second = set(storage.workers.present()) - {first}
        assert len(second) == 1
        assert first.rpartition("-")[0] == second.pop().rpartition("-")[0]
        process.terminate()
        assert process.wait(timeout=PATIENCE_SECONDS) == 0


def test_a_worker_that_finds_no_database_ends_with_one_line(tmp_path: Path, port: int) -> None:
    with worker(tmp_path, port, database_url="postgresql://u@127.0.0.1:1/d") as process:
        assert process.wait(timeout=PATIENCE_SECONDS) == 1
        assert process.stderr is not None
        said = process.stderr.read()
    assert said.startswith("gansearch worker: GANSEARCH_DATABASE_URL: cannot use postgresql")
    assert said.count("\n") == 1
