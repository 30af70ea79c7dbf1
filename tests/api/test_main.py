import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import redis

from infra.ports import free_port
from tests.support.waiting import PATIENCE_SECONDS


def start(
    tmp_path: Path, port: int, *, host: str | None = None, **settings: str
) -> "subprocess.Popen[str]":
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GANSEARCH_")}
    environment |= {"GANSEARCH_DATA_DIR": str(tmp_path / "data"), **settings}
    command = [sys.executable, "-m", "api", "--port", str(port)]
    command += ["--host", host] if host is not None else []
    return subprocess.Popen(command, env=environment, text=True, stderr=subprocess.PIPE)


def test_a_port_in_use_is_one_line_and_exit_1(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = start(tmp_path, taken.getsockname()[1])
        _, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert "Address already in use" in said
    assert len(said.splitlines()) == 1


def test_an_unknown_setting_is_one_line_and_exit_1(tmp_path: Path) -> None:
    process = start(tmp_path, 0, GANSEARCH_COLOUR="blue")
    _, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert "GANSEARCH_COLOUR" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_a_signal_and_leaves_quietly(
    tmp_path: Path, number: signal.Signals
) -> None:
    port = free_port()
    process = start(tmp_path, port)
    try:
        assert _when_up(process, f"http://127.0.0.1:{port}/readyz").json() == {"status": "ready"}
    finally:
        process.send_signal(number)
        _, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert "Traceback" not in said
    assert f"listening url='http://127.0.0.1:{port}'" in said
    assert process.returncode in (0, -signal.SIGTERM)


@pytest.mark.parametrize(
    ("host", "warns"), [("0.0.0.0", True), ("localhost", False), (None, False)]
)
def test_without_keys_it_says_once_that_others_than_this_machine_may_use_it(
    tmp_path: Path, port: int, host: str | None, warns: bool
) -> None:
    process = start(tmp_path, port, host=host)
    try:
        assert _when_up(process, f"http://127.0.0.1:{port}/readyz").is_success
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=PATIENCE_SECONDS)
    warnings = [line for line in said.splitlines() if " WARNING " in line]
    assert len(warnings) == warns
    assert all("whoever reaches the port may use the service" in line for line in warnings)


def test_a_full_redis_keeps_it_from_nothing(
    tmp_path: Path, port: int, start_redis: Callable[[], Callable[[], None]]
) -> None:
    start_redis()
    with redis.Redis(port=port) as admin:
        admin.set("other", b"x" * 2_000_000)
        admin.config_set("maxmemory", "1mb")  # by default nothing is forgotten
    api = free_port()
    process = start(
        tmp_path,
        api,
        GANSEARCH_REDIS_URL=f"redis://127.0.0.1:{port}/0",
        GANSEARCH_RATE_LIMIT="1",
    )
    try:
        url = f"http://127.0.0.1:{api}"
        assert _when_up(process, f"{url}/readyz").json() == {"status": "ready"}
        with httpx.Client(base_url=url, timeout=PATIENCE_SECONDS) as client:
            assert [client.get("/v1/jobs").status_code for _ in range(2)] == [200, 429]
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert "going on without it" in said
    assert "Traceback" not in said


def _when_up(process: "subprocess.Popen[str]", url: str) -> httpx.Response:
    while True:
        assert process.poll() is None, "the server ended"
        try:
            return httpx.get(url, timeout=PATIENCE_SECONDS)
        except httpx.TransportError:
            time.sleep(0.05)


@pytest.mark.parametrize(("given", "used"), [({}, "1"), ({"OMP_NUM_THREADS": "3"}, "3")])
def test_its_matrix_products_take_one_thread_unless_more_are_asked_for(
    given: dict[str, str], used: str
) -> None:
    script = "import api.__main__, os; print(os.environ['OMP_NUM_THREADS'])"
    environment = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"} | given
    command = [sys.executable, "-c", script]
    assert subprocess.check_output(command, text=True, env=environment).strip() == used
