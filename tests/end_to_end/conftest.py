"""Looking after processes from outside: who started whom, and who is still there."""

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import pytest


def _stat(process: int) -> list[str]:
    """State, parent, group and session of a process; all zero for one that is gone."""
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return ["Z", "0", "0", "0"]
    return text.rpartition(")")[2].split()[:4]


def _all() -> Iterable[int]:
    return (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))


@pytest.fixture
def children_of() -> Callable[[int], dict[str, int]]:
    """The children of an `up` by the module they run; each leads a session. That of the worker has
    a child of its own, which does the work."""

    def find(parent: int) -> dict[str, int]:
        found: dict[str, int] = {}
        for process in _all():
            if _stat(process)[1] == str(parent):
                with suppress(OSError):
                    words = Path(f"/proc/{process}/cmdline").read_text().split("\0")
                    found |= {word: process for word in words if word in ("api", "workers")}
        return found

    return find


@pytest.fixture
def left_of() -> Callable[[Iterable[int]], list[int]]:
    """The living members of sessions."""

    def find(leaders: Iterable[int]) -> list[int]:
        sessions = {str(leader) for leader in leaders}
        return [
            process
            for process in _all()
            if (stat := _stat(process))[3] in sessions and stat[0] != "Z"
        ]

    return find


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of whoever runs the tests are not those of the tests."""
    for name in [name for name in os.environ if name.startswith("GANSEARCH_")]:
        monkeypatch.delenv(name)
