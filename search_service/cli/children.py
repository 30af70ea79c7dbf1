"""Child processes: each with a log of its own, looked after, and none that outlives this one."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from search_service.errors import GansearchError

ROOT = Path(__file__).resolve().parents[2]  # where our modules are found
POLL_SECONDS = 0.1


@dataclass(eq=False, kw_only=True)
class Child:
    """A process. `announcements` is where it may tell how it fares, a word a line."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path
    log_offset: int  # what stands before it in the log is of earlier ones
    announcements: int
    told: bytes = b""

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.process.poll() is not None

    def has_told(self, word: str) -> bool:
        """Whether it has announced `word`."""
        with suppress(BlockingIOError):
            while words := os.read(self.announcements, 64):
                self.told += words
        return word in self.told.decode().split()

    @property
    def fate(self) -> str:
        """How it ended, its last words, and where the others are."""
        status = self.process.returncode
        if status < 0:
            return f"the {self.name} was killed by {signal.Signals(-status).name}; see {self.log}"
        with self.log.open("rb") as log:
            log.seek(self.log_offset)
            lines = log.read().decode(errors="replace").strip().splitlines()
        last = lines[-1] if lines else "it said nothing"
        return f"the {self.name} ended with status {status}: {last}; see {self.log}"


class Children:
    """Those of one command. `stop` must be called in the end."""

    def __init__(self, logs: Path, environment: Mapping[str, str], *, stop_seconds: float) -> None:
        """`stop_seconds` are theirs to end in, once they are asked to."""
        self.logs = logs
        self._environment = environment
        self._stop_seconds = stop_seconds
        self._all: list[Child] = []
        # The children watch its other end, and stop when this process is gone, however it went.
        self._watched, self._kept = os.pipe()

    def start(self, name: str, module: str, *arguments: str, announces: bool = False) -> Child:
        """Run `python -m MODULE ARGUMENTS` in a session of its own, logging to NAME.log.

        One that `announces` gets `--announce FD`, a descriptor for its words.
        """
        told, tells = os.pipe()
        os.set_blocking(told, False)
        if announces:
            arguments = (*arguments, "--announce", str(tells))
        path = self.logs / f"{name}.log"
        code = Path(__file__).with_name("child.py")
        own = (ROOT, str(self._watched), str(self._stop_seconds))
        with path.open("ab") as log:
            offset = log.tell()
            process = subprocess.Popen(
                [sys.executable, "-P", code, *own, module, *arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is the parent's to handle
                pass_fds=(self._watched, tells),
            )
        os.close(tells)
        child = Child(name=name, process=process, log=path, log_offset=offset, announcements=told)
        self._all.append(child)
        return child

    def require_alive(self) -> None:
        """Raises GansearchError that tells the fate of one that has ended."""
        for child in self._all:
            if child.ended:
                raise GansearchError(child.fate)

    def bury(self, child: Child) -> None:
        """Forget one that has ended, and end what it left running."""
        _end_session(child.process.pid)
        os.close(child.announcements)
        self._all.remove(child)

    def stop(self, *, at_once: Callable[[], bool]) -> None:
        """Ask all to end, wait as long as is fair and until `at_once`, then end what is left."""
        for child in self._all:
            if not child.ended:
                child.process.terminate()
        deadline = time.monotonic() + self._stop_seconds
        while not all(child.ended for child in self._all):
            if at_once() or time.monotonic() > deadline:
                break
            time.sleep(POLL_SECONDS)
        for child in list(self._all):
            child.process.kill()
            child.process.wait()
            self.bury(child)
        os.close(self._watched)
        os.close(self._kept)


def _end_session(leader: int) -> None:
    """SIGKILL for the rest of a session: a Ray whose owner was killed, in groups of its own."""
    for entry in Path("/proc").glob("[0-9]*"):  # none where the system has no such folder
        with suppress(OSError):
            if os.getsid(int(entry.name)) == leader:
                os.kill(int(entry.name), signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
