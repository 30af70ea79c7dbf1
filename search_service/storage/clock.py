"""The clock of a store: leases, events and expiries are told by it; tests hand in their own."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]

# Whoever finds a lease that ends later than this from now knows that a clock was set back since.
LONGEST_LEASE = timedelta(minutes=20)


def utc_now() -> datetime:
    """The machine's time, with its zone."""
    return datetime.now(UTC)


def lease_end(now: datetime, seconds: float) -> datetime:
    """When a lease from now on ends. Raises ValueError for a longer one than any may be."""
    if timedelta(seconds=seconds) > LONGEST_LEASE:
        longest = LONGEST_LEASE.total_seconds()
        raise ValueError(f"a lease lasts at most {longest:g} seconds, got {seconds:g}")
    return now + timedelta(seconds=seconds)


def stands(until: datetime | None, now: datetime) -> bool:
    """Whether a lease has not ended; one that nobody can have taken on this side of a clock that
    was set back counts as ended."""
    return until is not None and now < until <= now + LONGEST_LEASE
