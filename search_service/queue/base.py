"""The contract of wake-ups."""

from typing import Protocol


class WakeUps(Protocol):
    """One for each process that rings or waits. Neither method raises for a failing transport."""

    def ring(self) -> None:
        """Tell everyone who waits that there may be work. Returns within about a second."""
        ...

    def wait(self, timeout_seconds: float) -> None:
        """Return when someone rang since the last wait began to listen, or after the timeout.

        Called by one thread; it may return early.
        """
        ...
