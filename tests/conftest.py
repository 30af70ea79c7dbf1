"""What every test shares: Hypothesis without a clock, signals as in a terminal, one thread."""

import os
import signal

import pytest
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the run has a process a core: more threads spin
settings.register_profile("gansearch", deadline=None)
settings.load_profile("gansearch")


@pytest.fixture(scope="session", autouse=True)
def signals_as_in_a_terminal() -> None:
    """A test run in the background of a shell or under nohup ignores SIGINT or SIGHUP, and all
    that it starts would; what is under test begins as under a user's hands."""
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(
                number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            )
