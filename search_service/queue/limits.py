"""Rate limits: so many requests a minute of one client, counted by all processes together.

A minute begins with a client's first request. Counted in Redis; while that is away, or without
one, each process counts for itself.
"""

import threading
import time
from collections.abc import Callable
from typing import Protocol

import redis

from search_service.queue.link import Link

WINDOW_SECONDS = 60


class Limit(Protocol):
    """For many threads at once."""

    def refused_for(self, client: str) -> int:
        """Count a request; 0 when it may pass, else after how many seconds to ask again."""
        ...


class LocalLimit:
    """Counts in this process."""

    def __init__(self, a_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._a_minute = a_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[float, int]] = {}  # by client: when its minute ends, count

    def refused_for(self, client: str) -> int:
        """See Limit."""
        with self._lock:
            now = self._clock()
            end, count = self._counts.get(client, (now, 0))
            if end <= now:
                self._forget(now)
                end, count = now + WINDOW_SECONDS, 0
            self._counts[client] = (end, count + 1)
        return 0 if count < self._a_minute else _whole_seconds(end - now)

    def _forget(self, now: float) -> None:
        """Clients whose minute is over, or they would pile up."""
        self._counts = {c: kept for c, kept in self._counts.items() if kept[0] > now}


class RedisLimit:
    """Counts in Redis, and in this process while that fails."""

    def __init__(self, link: Link, a_minute: int) -> None:
        self._link = link
        self._a_minute = a_minute
        self._alone = LocalLimit(a_minute)

    def refused_for(self, client: str) -> int:
        """See Limit."""
        if not self._link.may_try():
            return self._alone.refused_for(client)
        key = f"gansearch:limit:{client}"
        try:
            # The first sets the end of the minute; a count without one would never be forgotten.
            with self._link.client.pipeline(transaction=True) as pipeline:
                pipeline.set(key, 0, ex=WINDOW_SECONDS, nx=True)
                pipeline.incr(key)
                pipeline.pttl(key)
                _, count, left_ms = pipeline.execute()
        except redis.RedisError as error:
            self._link.failed(error)
            return self._alone.refused_for(client)
        self._link.worked()
        return 0 if count <= self._a_minute else _whole_seconds(left_ms / 1000)


def _whole_seconds(seconds: float) -> int:
    return max(1, int(seconds) + 1)
