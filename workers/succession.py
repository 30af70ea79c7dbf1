"""A worker that outlives its processes: one that dies when it was ready is followed by another.

Ray's core ends the process that it is part of, without an exception, where it finds a promise of
its own broken: when it joins a head that goes at that moment, for one. No `except` sees that.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

SIGNALS = (signal.SIGTERM, signal.SIGINT)
FIRST_SECONDS = 1.0  # before a successor begins, when its predecessor had been ready
LONGEST_SECONDS = 30.0  # and when one after another dies before it is
POLL_SECONDS = 0.05
UNREADY_SECONDS = 8.0  # to end when asked to, for one that has nothing to hand back yet
LEFT = "left"  # told by a process that has come to its end


class Work(Protocol):
    """What a process is for."""

    def __call__(self, *, tell: Callable[[str], None], is_successor: bool) -> int:
        """The exit status. `tell` takes words for whoever waits for them, `ready` among them."""
        ...


class Succession:
    """Processes that do the same work, one after another; this one waits for them."""

    def __init__(
        self, work: Work, *, heard: Callable[[str], None], bury: Callable[[], None]
    ) -> None:
        """Both are called in this process: `heard` with each word that the working one tells,
        `bury` when one has died before it came to its end, to remove what it left."""
        self._work = work
        self._heard = heard
        self._bury = bury
        self._asked = False  # to come to an end
        self._process: int | None = None
        self._told: set[str] = set()  # by the process at work

    def run(self) -> int:
        """Until a process has come to its end, or one dies before any was ready; the exit status.
        Returns in each working process too, when that is to exit. Signals are theirs."""
        pause, was_ready = FIRST_SECONDS, False
        for number in SIGNALS:
            signal.signal(number, self._pass_on)
        signal.signal(signal.SIGALRM, self._end_unready)
        while True:
            words = self._begin(is_successor=was_ready)
            if words is None:
                return self._status
            told = self._listen(words)
            fate = self._end_of_process()
            if LEFT not in told:
                self._bury()
            was_ready = was_ready or "ready" in told
            if LEFT in told or not was_ready or self._asked:
                return _as(fate)
            if "ready" in told:
                pause = FIRST_SECONDS
            sys.stderr.write(f"gansearch worker: its process {_words(fate)}; another follows\n")
            sys.stderr.flush()
            self._wait(pause)
            pause = min(2 * pause, LONGEST_SECONDS)

    def _begin(self, *, is_successor: bool) -> int | None:
        """Start a process; what it tells comes from this descriptor. None in the process itself,
        once its work is done, and in this one when it is asked to end before."""
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        if self._asked:
            self._status = 0
            return None
        self._told = set()
        told, tells = os.pipe()
        watched, kept = os.pipe()  # its other end closes when this process is no more
        sys.stdout.flush()
        sys.stderr.flush()
        self._process = os.fork()
        if self._process:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            os.close(tells)
            os.close(watched)
            self._kept = kept
            return told
        for number in (*SIGNALS, signal.SIGALRM):
            signal.signal(number, signal.SIG_DFL)  # no traceback from amidst an import
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        os.close(told)
        os.close(kept)
        threading.Thread(target=_end_with, args=(watched,), name="end", daemon=True).start()

        def tell(word: str) -> None:
            with suppress(BrokenPipeError):
                os.write(tells, f"{word}\n".encode())

        self._status = self._work(tell=tell, is_successor=is_successor)
        tell(LEFT)
        return None

    def _listen(self, words: int) -> set[str]:
        """What the process tells until it ends."""
        with os.fdopen(words) as lines:
            for line in lines:
                self._told.add(word := line.strip())
                if word == "ready" and self._asked:
                    self._signal(signal.SIGTERM)  # what was sent while it began may be lost
                if word != LEFT:
                    self._heard(word)
        return self._told

    def _end_of_process(self) -> int:
        """The wait status of the process, which ends."""
        process, self._process = self._process, None
        assert process is not None
        os.close(self._kept)
        return os.waitpid(process, 0)[1]

    def _wait(self, seconds: float) -> None:
        """Less long when asked to come to an end."""
        deadline = time.monotonic() + seconds
        while not self._asked and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)

    def _pass_on(self, number: int, _: object) -> None:
        if not self._asked and "ready" not in self._told:
            signal.setitimer(signal.ITIMER_REAL, UNREADY_SECONDS)
        self._asked = True
        self._signal(number)

    def _end_unready(self, *_: object) -> None:
        """It is amidst something that no signal interrupts, such as Ray's start."""
        if not self._told & {"ready", LEFT}:
            self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.kill(self._process, number)


def _as(fate: int) -> int:
    """The exit status of a process that ended so; where a signal ended it, it ends this one too."""
    status = os.waitstatus_to_exitcode(fate)
    if status < 0:
        with suppress(OSError):  # SIGKILL's handler is nobody's to set
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


def _words(fate: int) -> str:
    status = os.waitstatus_to_exitcode(fate)
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"


def _end_with(watched: int) -> None:
    """Nothing is ever written there; its other end closes when the process that waits is gone."""
    os.read(watched, 1)
    while True:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(UNREADY_SECONDS)  # the signal may be lost while this process begins
