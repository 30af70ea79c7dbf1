"""The clock of a store: leases, events and expiries are told by it; tests hand in their own."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The machine's time, with its zone."""
    return datetime.now(UTC)
