"""Waiting for what another thread or process does."""

import time
from collections.abc import Callable

PATIENCE_SECONDS = 200.0  # however busy the machine is: what waits longer waits in vain
LOOK_SECONDS = 0.02


def until(
    done: Callable[[], object],
    *,
    seconds: float = PATIENCE_SECONDS,
    said: Callable[[], str] = lambda: "",
) -> None:
    """Return as soon as it is true. Raises AssertionError after that time, with what was said."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"not after {seconds:g} s {said()}"
        time.sleep(LOOK_SECONDS)
