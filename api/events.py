"""A job's events as a stream: back-filled from the store, then live, until the job's end."""

import json
import time
from collections.abc import AsyncIterator

from anyio import to_thread

from api.live import Followers
from search_service.domain.event import Event, EventKind
from search_service.storage.base import Storage

COMMENT_SECONDS = 15.0
BATCH = 500


async def stream(
    job_id: str, *, after: int, storage: Storage, followers: Followers
) -> AsyncIterator[bytes]:
    """Server-sent events with a sequence above `after`; a comment when nothing was said for long.

    Holds neither thread nor connection while it waits. It ends after an `end` event that nothing
    follows: a job that was retried goes on.
    """
    spoke = time.monotonic()
    while True:
        with followers.following(job_id) as news:
            events = await to_thread.run_sync(_read, storage, job_id, after)
            for event in events:
                yield _format(event)
                after, spoke = event.sequence, time.monotonic()
            if events and len(events) < BATCH and events[-1].kind is EventKind.END:
                return
            if len(events) < BATCH:
                if time.monotonic() - spoke > COMMENT_SECONDS:
                    yield b": still here\n\n"
                    spoke = time.monotonic()
                await followers.wait(news)


def _read(storage: Storage, job_id: str, after: int) -> list[Event]:
    return storage.events.read(job_id, after=after, limit=BATCH)


def _format(event: Event) -> bytes:
    data = json.dumps({**event.data, "at": event.at.isoformat().replace("+00:00", "Z")})
    return f"id: {event.sequence}\nevent: {event.kind}\ndata: {data}\n\n".encode()
