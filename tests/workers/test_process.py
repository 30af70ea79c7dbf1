"""The worker process, before it has work."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@contextmanager
def worker(folder: Path, metrics_port: int) -> Iterator[subprocess.Popen[str]]:
    environment = {name: v for name, v in os.environ.items() if not name.startswith("GANSEARCH_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "workers"],
        env={
            **environment,
            "GANSEARCH_DATA_DIR": str(folder),
            "GANSEARCH_METRICS_PORT": str(metrics_port),
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def scrape(port: int, process: subprocess.Popen[str]) -> str:
    """What the worker answers, as soon as it does."""
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                text: str = answer.read().decode()
                return text
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the worker serves no metrics")


def test_metrics_are_served_from_the_start(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
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
            assert process.wait(timeout=60) == 1
            assert process.stderr is not None
            said = process.stderr.read()
    assert said.startswith("gansearch worker: GANSEARCH_METRICS_PORT: cannot serve metrics at 127")
    assert said.count("\n") == 1
