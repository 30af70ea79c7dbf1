"""A session's processes are cut off together, those that left it too."""

import os
import signal
import sys
from pathlib import Path

import pytest

from infra.chaos.session import Session
from tests.support.waiting import until

# Begets one child in its own session and one in a session of the child's own; tells their ids.
FAMILY = """
import subprocess, sys, time
own = subprocess.Popen(["sleep", "600"])
other = subprocess.Popen(["sleep", "600"], start_new_session=True)
print(own.pid, other.pid, flush=True)
time.sleep(600)
"""


def state(process: int) -> str:
    """Ray's and the kernel's letter of it; Z also for one that is no more."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def start(log: Path) -> tuple[Session, list[int]]:
    session = Session([sys.executable, "-c", FAMILY], environment=os.environ, log=log)
    until(lambda: log.read_text().endswith("\n"))
    return session, [session.pid, *map(int, log.read_text().split())]


def test_nothing_outlives_a_kill(log: Path) -> None:
    session, family = start(log)
    assert len(set(map(os.getsid, family))) == 2
    session.kill()
    assert {state(process) for process in family} == {"Z"}
    assert session.ended
    session.kill()  # again: there is nothing to do


def test_children_of_a_first_process_that_ended_are_cut_off_too(log: Path) -> None:
    session, (first, child, _) = start(log)
    os.kill(first, signal.SIGKILL)
    until(lambda: session.ended)
    assert state(child) == "S"
    session.kill()
    assert state(child) == "Z"


def test_all_stand_still_and_go_on_together(log: Path) -> None:
    session, family = start(log)
    session.pause()
    until(lambda: {state(process) for process in family} == {"T"})
    session.resume()
    until(lambda: {state(process) for process in family} == {"S"})
    session.kill()


def test_a_session_that_heeds_no_sigterm_is_told_of(log: Path) -> None:
    words = [
        sys.executable,
        "-c",
        "import signal,time\nsignal.signal(15, 1)\nprint(flush=True)\ntime.sleep(600)",
    ]
    session = Session(words, environment=os.environ, log=log)
    until(lambda: log.read_text() == "\n")
    session.terminate()
    assert session.wait(0.2) is None
    session.kill()
