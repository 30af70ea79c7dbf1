"""Signals are sent to this very process."""

import os
import signal
import time
from collections.abc import Callable

import pytest

from search_service.cli.stopping import SIGNALS, StopSignals


def soon(true: Callable[[], bool]) -> bool:
    """Another thread may take the signal; Python's handler then runs a moment later."""
    deadline = time.monotonic() + 60.0
    while not true() and time.monotonic() < deadline:
        time.sleep(0.001)
    return true()


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_asks_and_the_second_insists(number: signal.Signals) -> None:
    started_with = signal.signal(number, signal.default_int_handler)  # nohup ignores SIGHUP
    try:
        with StopSignals() as signals:
            assert not signals.asked
            os.kill(os.getpid(), number)
            assert soon(lambda: signals.asked)
            assert not signals.insisted
            os.kill(os.getpid(), number)
            assert soon(lambda: signals.insisted)
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        signal.signal(number, started_with)


def test_what_was_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with StopSignals() as signals:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not signals.asked
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
