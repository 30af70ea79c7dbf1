"""A worker whose process dies is followed by another, unless it never was ready or has left."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.waiting import PATIENCE_SECONDS, until

# Each life writes a line with its process and whether it is a successor, then does as its number
# in a list says.
SCRIPT = """
import os, signal, sys, time
from pathlib import Path
from workers import succession
from workers.succession import Succession

succession.FIRST_SECONDS = float(sys.argv[3])
succession.UNREADY_SECONDS = float(sys.argv[4])
lives, heard = Path(sys.argv[1]), Path(sys.argv[2])
ENDS = sys.argv[5:]

def note(path, line):
    with path.open("a") as file:
        file.write(line + "\\n")

def work(*, tell, is_successor):
    number = len(lives.read_text().splitlines()) if lives.exists() else 0
    note(lives, f"{os.getpid()} {is_successor}")
    for order in ENDS[number].split(","):
        match order:
            case "ready" | "refused":
                tell(order)
            case "abort":
                os.kill(os.getpid(), signal.SIGABRT)
            case "exit":
                os._exit(1)
            case "work":
                stopped = []
                signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
                tell("working")
                while not stopped:
                    time.sleep(0.01)
            case "linger":
                time.sleep(1)
            case "lose":
                lost, stopped = [], []
                signal.signal(signal.SIGTERM, lambda *_: lost.append(1))
                tell("losing")
                while not lost:
                    time.sleep(0.01)
                signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
                tell("ready")
                while not stopped:
                    time.sleep(0.01)
            case "stuck":
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                tell("stuck")
                time.sleep(60)
            case _:
                return int(order)

status = Succession(
    work,
    heard=lambda word: note(heard, f"{os.getpid()} {word}"),
    bury=lambda: note(heard, f"{os.getpid()} buried"),
).run()
sys.exit(status)
"""


class Lives:
    """A worker whose processes end as told, one after another."""

    def __init__(self, folder: Path, *ends: str, pause: float, unready: float) -> None:
        self._lives, self._heard = folder / "lives", folder / "heard"
        places = [str(self._lives), str(self._heard)]
        words = [sys.executable, "-c", SCRIPT, *places, str(pause), str(unready), *ends]
        self.process = subprocess.Popen(
            words, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def status(self) -> int:
        return self.process.wait(timeout=PATIENCE_SECONDS)

    @property
    def said(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read()

    @property
    def all(self) -> list[tuple[int, bool]]:
        """Processes, and whether each knew itself as a successor."""
        lines = self._lives.read_text().splitlines() if self._lives.exists() else []
        return [(int(process), word == "True") for process, word in map(str.split, lines)]

    @property
    def heard(self) -> list[str]:
        """Words, all of which the process that waits must have heard, and what it did itself."""
        lines = self._heard.read_text().splitlines() if self._heard.exists() else []
        assert {int(line.split()[0]) for line in lines} <= {self.process.pid}
        return [line.split()[1] for line in lines]

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def lives(tmp_path: Path) -> Iterator[Callable[..., Lives]]:
    made: list[Lives] = []

    def make(*ends: str, pause: float = 0.01, unready: float = 60.0) -> Lives:
        made.append(Lives(tmp_path, *ends, pause=pause, unready=unready))
        return made[-1]

    yield make
    for each in made:
        each.kill()


def is_over(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_one_that_dies_when_it_was_ready_is_followed_by_another(
    lives: Callable[..., Lives],
) -> None:
    worker = lives("ready,exit", "ready,abort", "exit", "ready,3")
    assert worker.status() == 3
    assert [successor for _, successor in worker.all] == [False, True, True, True]
    assert len({process for process, _ in worker.all} | {worker.process.pid}) == 5
    assert worker.heard == ["ready", "buried", "ready", "buried", "buried", "ready"]
    assert [line for line in worker.said.splitlines() if "another follows" in line] == [
        "gansearch worker: its process ended with status 1; another follows",
        "gansearch worker: its process was ended by SIGABRT; another follows",
        "gansearch worker: its process ended with status 1; another follows",
    ]


@pytest.mark.parametrize(("end", "status"), [("exit", 1), ("abort", -signal.SIGABRT)])
def test_one_that_never_was_ready_ends_as_its_process_did(
    lives: Callable[..., Lives], end: str, status: int
) -> None:
    worker = lives(end, "0")
    assert worker.status() == status
    assert len(worker.all) == 1
    assert worker.heard == ["buried"]


@pytest.mark.parametrize(("first", "status"), [("refused,1", 1), ("ready,0", 0)])
def test_one_that_has_come_to_its_end_is_followed_by_none(
    lives: Callable[..., Lives], first: str, status: int
) -> None:
    worker = lives(first, "5")
    assert worker.status() == status
    assert len(worker.all) == 1
    assert worker.said == ""
    assert "buried" not in worker.heard


def test_a_successor_that_refuses_is_the_last(lives: Callable[..., Lives]) -> None:
    worker = lives("ready,exit", "refused,1", "0")
    assert worker.status() == 1
    assert worker.heard == ["ready", "buried", "refused"]


def test_a_signal_to_end_reaches_the_process_which_comes_to_its_end(
    lives: Callable[..., Lives],
) -> None:
    worker = lives("ready,exit", "ready,work,0", "5")
    until(lambda: "working" in worker.heard)
    worker.process.terminate()
    assert worker.status() == 0
    assert len(worker.all) == 2


def test_one_that_hears_no_signal_while_it_begins_is_killed_and_buried(
    lives: Callable[..., Lives],
) -> None:
    worker = lives("stuck", "0", unready=0.3)
    until(lambda: "stuck" in worker.heard)
    worker.process.terminate()
    assert worker.status() == -signal.SIGKILL
    assert worker.heard == ["stuck", "buried"]


def test_a_signal_that_is_lost_while_it_begins_is_sent_again_when_it_is_ready(
    lives: Callable[..., Lives],
) -> None:
    """Python forgets an exception that a signal raises where it can raise none, as Ray's does."""
    worker = lives("lose,0", "5")
    until(lambda: "losing" in worker.heard)
    worker.process.terminate()
    assert worker.status() == 0
    assert worker.heard == ["losing", "ready"]


def test_one_that_was_ready_has_the_time_it_needs(lives: Callable[..., Lives]) -> None:
    worker = lives("ready,work,linger,0")
    until(lambda: "working" in worker.heard)
    worker.process.terminate()
    assert worker.status() == 0
    assert "buried" not in worker.heard


def test_a_signal_between_two_processes_begins_none(lives: Callable[..., Lives]) -> None:
    worker = lives("ready,exit", "ready,work,0", pause=60.0)
    until(lambda: "buried" in worker.heard)
    worker.process.terminate()
    assert worker.status() == 0
    assert len(worker.all) == 1


@pytest.mark.parametrize(("order", "word"), [("ready,work", "working"), ("lose", "losing")])
def test_a_killed_worker_takes_its_process_along(
    lives: Callable[..., Lives], order: str, word: str
) -> None:
    worker = lives(f"{order},0", unready=0.3)
    until(lambda: word in worker.heard)
    ((process, _),) = worker.all
    worker.process.kill()
    worker.process.wait()
    until(lambda: is_over(process))


def test_a_process_that_is_killed_from_outside_has_a_successor(
    lives: Callable[..., Lives],
) -> None:
    worker = lives("ready,work,0", "ready,7")
    until(lambda: "working" in worker.heard)
    os.kill(worker.all[0][0], signal.SIGKILL)
    assert worker.status() == 7
    assert "its process was ended by SIGKILL; another follows" in worker.said
