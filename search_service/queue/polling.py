"""Without a transport: rings are heard within the process, and followers of a job look often."""

import threading
from collections.abc import Callable


class PollingWakeUps:
    """See `base.WakeUps`."""

    def __init__(self) -> None:
        self._rung = threading.Event()

    def ring(self) -> None:
        self._rung.set()

    def wait(self, timeout_seconds: float) -> None:
        self._rung.wait(timeout_seconds)
        self._rung.clear()


class NoNews:
    """See `base.News`: nothing is heard."""

    listening = False

    def tell(self, job_id: str) -> None:
        """See `base.News`."""

    def listen(self, heard: Callable[[str], None]) -> None:
        """See `base.News`."""

    def close(self) -> None:
        """See `base.News`."""
