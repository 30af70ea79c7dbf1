"""What `gansearch up` refuses, and how a worker that Ray ended is followed by another."""

import fcntl
import os
import socket
import time
from pathlib import Path

import pytest

from search_service.cli.children import Children
from search_service.cli.running import status
from search_service.cli.up import WORKER_TRIES, Workers
from search_service.errors import GansearchError
from tests.support.waiting import PATIENCE_SECONDS


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("GANSEARCH_")]:
        monkeypatch.delenv(name)


def test_a_data_directory_in_use_is_refused_by_who_uses_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the port is: a second one on all the defaults is told the true reason."""
    with socket.socket() as taken, (tmp_path / "up.lock").open("w") as lock:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("1234\n")
        lock.flush()
        port = str(taken.getsockname()[1])
        assert status(["up", "--port", port, "--data", str(tmp_path)]) == 1
        told = capsys.readouterr().err
        assert f"another `gansearch up` (process 1234) uses {tmp_path}" in told
        assert told.count("\n") == 1
        assert (tmp_path / "up.lock").read_text() == "1234\n"  # the refused one left it


def test_the_lock_of_one_that_is_gone_is_taken_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "up.lock").write_text("99999999\n")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert status(["up", "--port", str(taken.getsockname()[1]), "--data", str(tmp_path)]) == 1
    assert "cannot be used" in capsys.readouterr().err  # that is, not the directory
    assert (tmp_path / "up.lock").read_text() == f"{os.getpid()}\n"


def test_a_database_that_two_processes_cannot_share_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GANSEARCH_DATABASE_URL", "memory://")
    assert status(["up", "--data", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert "GANSEARCH_DATABASE_URL: memory:// is seen by one process only" in told
    assert told.count("\n") == 1


class Starts:
    """Workers that stand in for ours: how the first ones end, until one works."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def script(self, end: str, failures: int) -> Children:
        """The first `failures` of them do `end`."""
        (self._folder / "workers.py").write_text(
            "import os, pathlib, signal, sys, time\n"
            "runs = pathlib.Path(__file__).with_name('runs')\n"
            "number = len(runs.read_text()) if runs.exists() else 0\n"
            "runs.open('a').write('.')\n"
            "def tell(word): os.write(int(sys.argv[2]), word.encode())\n"
            f"if number < {failures}:\n"
            "    print(f'end {number}', flush=True)\n"
            f"    {end}\n"
            "tell('ready\\n')\n"
            "time.sleep(60)\n"
        )
        environment = {**os.environ, "PYTHONPATH": str(self._folder)}
        return Children(self._folder, environment, stop_seconds=PATIENCE_SECONDS)

    def runs(self) -> int:
        return len((self._folder / "runs").read_text())

    def follow(self, children: Children) -> None:
        """Until one is ready. Raises as Workers.require_alive."""
        workers = Workers(children)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not workers.ready():
            workers.require_alive()
            assert time.monotonic() < deadline
            time.sleep(0.02)


@pytest.fixture
def starts(tmp_path: Path) -> Starts:
    return Starts(tmp_path)


@pytest.mark.parametrize("failures", range(WORKER_TRIES))
def test_a_worker_that_ends_by_itself_is_followed_by_another(
    failures: int, starts: Starts, capsys: pytest.CaptureFixture[str]
) -> None:
    children = starts.script("os._exit(1)", failures)
    try:
        starts.follow(children)
    finally:
        children.stop(at_once=lambda: True)
    assert starts.runs() == failures + 1
    told = capsys.readouterr().err.splitlines()
    assert len(told) == failures
    for number, line in enumerate(told):
        assert line.startswith(f"gansearch: the worker ended with status 1: end {number}; see ")


@pytest.mark.parametrize(
    ("end", "runs", "fate"),
    [
        ("os._exit(1)", WORKER_TRIES, f"ended with status 1: end {WORKER_TRIES - 1};"),
        ("tell('refused\\n'); print('no such key'); sys.exit(1)", 1, "status 1: no such key;"),
        ("os.kill(os.getpid(), signal.SIGTERM)", 1, "killed by SIGTERM"),
        ("sys.exit(0)", 1, "ended with status 0: end 0"),
    ],
)
def test_a_refusal_a_signal_and_a_last_try_are_final(
    end: str, runs: int, fate: str, starts: Starts
) -> None:
    children = starts.script(end, WORKER_TRIES)
    try:
        with pytest.raises(GansearchError, match=fate):
            starts.follow(children)
    finally:
        children.stop(at_once=lambda: True)
    assert starts.runs() == runs
