"""How often a client may ask: an answer of 429 with `Retry-After` beyond it."""

from collections.abc import Awaitable, Callable

from anyio import to_thread
from fastapi import Request

from search_service.errors import TooManyRequests
from search_service.queue.limits import Limit

# Whoever watches the service asks often, and must not be told that it is down.
FREE = ("/healthz", "/readyz", "/metrics")


def limited(limit: Limit) -> Callable[[Request], Awaitable[None]]:
    """A dependency of every route. A client is the address that the connection comes from: a header
    that says otherwise could say anything."""

    async def check(request: Request) -> None:
        if request.url.path in FREE:
            return
        client = request.client.host if request.client else ""
        seconds = await to_thread.run_sync(limit.refused_for, client)
        if seconds:
            raise TooManyRequests(seconds)

    return check
