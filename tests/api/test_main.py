import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx


def start(tmp_path: Path, port: int, **settings: str) -> "subprocess.Popen[str]":
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GANSEARCH_")}
    environment |= {"GANSEARCH_DATA_DIR": str(tmp_path / "data"), **settings}
    command = [sys.executable, "-m", "api", "--port", str(port)]
    return subprocess.Popen(command, env=environment, text=True, stderr=subprocess.PIPE)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def test_a_port_in_use_is_one_line_and_exit_1(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = start(tmp_path, taken.getsockname()[1])
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Address already in use" in said
    assert len(said.splitlines()) == 1


def test_an_unknown_setting_is_one_line_and_exit_1(tmp_path: Path) -> None:
    process = start(tmp_path, 0, GANSEARCH_COLOUR="blue")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "GANSEARCH_COLOUR" in said
    assert len(said.splitlines()) == 1


def test_it_serves_until_sigterm_and_leaves_quietly(tmp_path: Path) -> None:
    port = free_port()
    process = start(tmp_path, port)
    try:
        assert _when_up(process, f"http://127.0.0.1:{port}/readyz").json() == {"status": "ready"}
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert "Traceback" not in said
    assert process.returncode in (0, -signal.SIGTERM)


def _when_up(process: "subprocess.Popen[str]", url: str) -> httpx.Response:
    while True:
        assert process.poll() is None, "the server ended"
        try:
            return httpx.get(url)
        except httpx.ConnectError:
            time.sleep(0.05)
