"""Wake-ups without a transport: rings are heard within the process, others by the timeout."""

import threading


class PollingWakeUps:
    """See `base.WakeUps`."""

    def __init__(self) -> None:
        self._rung = threading.Event()

    def ring(self) -> None:
        self._rung.set()

    def wait(self, timeout_seconds: float) -> None:
        self._rung.wait(timeout_seconds)
        self._rung.clear()
