"""A process and all that it begets, as one machine whose power can be cut or whose clock stands."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

GONE_SECONDS = 30.0  # for killed processes to be gone


class Session:
    """Started in a session of its own; signals reach all of its processes, or none survives."""

    def __init__(
        self,
        words: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        user: str | None = None,
    ) -> None:
        """`log` is appended to; `user` is another one's name to run as, which takes root."""
        with log.open("ab") as written:
            self._process = subprocess.Popen(
                list(words),
                env=dict(environment),
                cwd="/",  # what is under test must not find the sources by where it stands
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=written,
                start_new_session=True,
                user=user,
                group=user,
            )

    @property
    def pid(self) -> int:
        """Of the first process."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether the first process has ended."""
        return self._process.poll() is not None

    @property
    def status(self) -> int | None:
        """The exit status of the first process, below 0 for a signal's; None while it lives."""
        return self._process.poll()

    @property
    def processes(self) -> set[int]:
        """The ids of all that live of it."""
        return self._members()

    def kill(self) -> None:
        """SIGKILL to all of it; returns once none is left."""
        self._signal_root(signal.SIGSTOP)  # it begets no more
        members = self._members()
        deadline = time.monotonic() + GONE_SECONDS
        while members:
            _signal(members, signal.SIGKILL)
            self._process.poll()
            if time.monotonic() > deadline:
                raise TimeoutError(f"processes {sorted(members)} outlive SIGKILL")
            time.sleep(0.01)
            members = _living(members) | self._members()
        self._process.wait()

    def pause(self) -> None:
        """SIGSTOP to all of it."""
        self._signal_root(signal.SIGSTOP)
        _signal(self._members(), signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT to all of it."""
        _signal(self._members(), signal.SIGCONT)

    def terminate(self) -> None:
        """SIGTERM to the first process."""
        self._signal_root(signal.SIGTERM)

    def wait(self, seconds: float) -> int | None:
        """The exit status of the first process, None if it takes longer than that to end."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def _signal_root(self, number: signal.Signals) -> None:
        if not self.ended:
            self._process.send_signal(number)

    def _members(self) -> set[int]:
        """By session, and by descent: a server's children may open sessions of their own."""
        table = _processes()
        found = {pid for pid, (_, session) in table.items() if self.pid in (pid, session)}
        while grown := {pid for pid, (parent, _) in table.items() if parent in found} - found:
            found |= grown
        return found


def _processes() -> dict[int, tuple[int, int]]:
    """Parent and session of each that lives, by its id."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state, parent, _, session = _fields(entry)[:4]
            if state not in "ZX":
                found[int(entry.name)] = (int(parent), int(session))
    return found


def _living(pids: set[int]) -> set[int]:
    return pids & set(_processes())


def _fields(entry: Path) -> list[str]:
    return (entry / "stat").read_text().rpartition(")")[2].split()


def _signal(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
