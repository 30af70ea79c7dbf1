"""Children are real processes: Python files of the test, run as modules."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from search_service.cli.children import ROOT, Child, Children
from search_service.errors import GansearchError
from tests.support.waiting import PATIENCE_SECONDS, until


def lives(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def opened(folder: Path, *, stop_seconds: float = PATIENCE_SECONDS) -> Children:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return Children(folder, environment, stop_seconds=stop_seconds)


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Children]:
    begun = opened(tmp_path)
    yield begun
    begun.stop(at_once=lambda: True)


@pytest.fixture
def start(children: Children, tmp_path: Path) -> Callable[..., Child]:
    """Runs a text as the module `task`."""

    def begin(text: str, *arguments: str, announces: bool = False) -> Child:
        (tmp_path / "task.py").write_text(text)
        return children.start("task", "task", *arguments, announces=announces)

    return begin


def test_a_child_gets_its_arguments_and_announces(start: Callable[..., Child]) -> None:
    child = start(
        "import os, sys, time\n"
        "assert sys.argv[1:3] == ['a', '--announce'], sys.argv\n"
        "os.write(int(sys.argv[3]), b'ready\\n')\n"
        "time.sleep(60)\n",
        "a",
        announces=True,
    )
    until(lambda: child.has_told("ready"))
    assert child.has_told("ready")  # and remembers
    assert not child.has_told("read")
    assert not child.ended


def test_an_end_is_told_with_the_last_words_of_this_run(
    start: Callable[..., Child], children: Children
) -> None:
    first = start("print('of an earlier run')")
    until(lambda: first.ended)
    children.bury(first)
    child = start("import sys; print('first'); print('no space left'); sys.exit(3)")
    until(lambda: child.ended)
    with pytest.raises(GansearchError, match=r"task ended with status 3: no space left; see .*log"):
        children.require_alive()
    children.bury(child)
    child = start("raise SystemExit(4)")
    until(lambda: child.ended)
    assert "it said nothing" in child.fate
    assert child.log.read_text() == "of an earlier run\nfirst\nno space left\n"


def test_a_killed_child_is_told_by_its_signal(
    start: Callable[..., Child], children: Children
) -> None:
    child = start("import time; time.sleep(60)")
    children.require_alive()
    os.kill(child.process.pid, signal.SIGKILL)
    until(lambda: child.ended)
    with pytest.raises(GansearchError, match="task was killed by SIGKILL; see"):
        children.require_alive()


GRANDCHILD = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
code = "import os, time; os.setpgrp(); print(os.getpid(), flush=True); time.sleep(60)"
subprocess.Popen([sys.executable, "-c", code])
time.sleep(60)
"""


@pytest.mark.parametrize(("stop_seconds", "patient"), [(PATIENCE_SECONDS, False), (0.3, True)])
def test_one_that_heeds_nothing_and_what_it_began_are_killed(
    tmp_path: Path, stop_seconds: float, patient: bool
) -> None:
    """When its time is over, or at once; its own children in a group of theirs are found too."""
    (tmp_path / "task.py").write_text(GRANDCHILD)
    children = opened(tmp_path, stop_seconds=stop_seconds)
    child = children.start("task", "task")
    until(lambda: child.log.read_text().endswith("\n"))
    grandchild = int(child.log.read_text())
    asked = time.monotonic()
    children.stop(at_once=lambda: not patient and time.monotonic() > asked + 0.3)
    assert time.monotonic() - asked < PATIENCE_SECONDS
    assert child.process.returncode == -signal.SIGKILL
    until(lambda: not lives(grandchild))


PARENT = """
import os, sys, time
from pathlib import Path
from search_service.cli.children import Children
children = Children(Path(sys.argv[1]), {**os.environ, "PYTHONPATH": sys.argv[1]}, stop_seconds=20)
children.start("one", "task")
children.start("two", "task")
time.sleep(60)
"""


def test_no_child_outlives_a_parent_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "task.py").write_text(
        "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], cwd=ROOT)
    logs = [tmp_path / "one.log", tmp_path / "two.log"]
    until(lambda: all(log.exists() and log.read_text().endswith("\n") for log in logs))
    parent.kill()
    parent.wait()
    for log in logs:
        process = int(log.read_text())
        until(lambda process=process: not lives(process))  # type: ignore[misc]  # bound now


def test_modules_are_found_where_the_installation_is_and_nowhere_nearer(
    start: Callable[..., Child], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder `api` where the user stands, or a file beside ours, is not what is meant."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    child = start("import os, sys; print(*map(os.path.realpath, sys.path), sep='\\n')")
    until(lambda: child.ended)
    searched = child.log.read_text().splitlines()
    assert str(ROOT) in searched
    assert str(tmp_path / "elsewhere") not in searched
    assert str(ROOT / "search_service" / "cli") not in searched
