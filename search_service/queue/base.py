"""The contracts of wake-ups, of news and of a cache."""

from collections.abc import Callable, Sequence
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


class News(Protocol):
    """That a job has new events, told to whoever follows it in any process.

    The events are in the storage; news carry only the job's id, and may be lost or come twice. One
    for each process that tells or listens. No method raises for a failing transport.
    """

    def tell(self, job_id: str) -> None:
        """New events of this job are stored. Returns within about a second."""
        ...

    def listen(self, heard: Callable[[str], None]) -> None:
        """Call `heard` with each job's id, from another thread, until `close`."""
        ...

    @property
    def listening(self) -> bool:
        """Whether what is told now will be heard."""
        ...

    def close(self) -> None:
        """End the listening."""
        ...


class Cache(Protocol):
    """Values by name, for all processes; it may forget any of them at any time, and holds nothing
    that could not be made again. For many threads. No method raises for a failing transport."""

    def read(self, names: Sequence[str]) -> list[bytes | None]:
        """The value last written under each name, as far as it is there."""
        ...

    def write(self, name: str, value: bytes) -> None:
        """Keep it for a while, unless it is too large."""
        ...

    def too_slow(self) -> None:
        """Who asked has gone on without an answer: nobody should ask for a while."""
        ...
