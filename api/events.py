"""A job's events as a stream: back-filled from the store, then live, until the job's end."""

import json
import time
from collections.abc import AsyncIterator

import anyio

from api.event_reads import EventReads
from api.live import Followers
from search_service.domain.event import Event, EventKind
from search_service.errors import StorageUnavailable

COMMENT_SECONDS = 15.0
AWAY_SECONDS = 1.0  # between two looks for a store that does not answer
BATCH = 500


async def stream(
    job_id: str, *, after: int, has_ended: bool, reads: EventReads, followers: Followers
) -> AsyncIterator[bytes]:
    """Server-sent events with a sequence above `after`; a comment when nothing was said for long.

    Holds neither thread nor connection while it waits for news. A store that goes away is waited
    for. It ends after an `end` event that nothing follows, also where that is none of those above
    `after`, for the job `has_ended`: a job that was retried goes on.
    """
    spoke = time.monotonic()
    is_away = False
    while True:
        with followers.following(job_id) as news:
            try:
                events = await reads.read(job_id, after=after, limit=BATCH)
            except StorageUnavailable:
                if not is_away or time.monotonic() - spoke > COMMENT_SECONDS:
                    yield b": the database does not answer\n\n"
                    spoke = time.monotonic()
                is_away = True
                await anyio.sleep(AWAY_SECONDS)
                continue
            is_away = False
            for event in events:
                yield _format(event)
                after, spoke = event.sequence, time.monotonic()
                has_ended = event.kind is EventKind.END
            if len(events) < BATCH:
                if has_ended:
                    return
                if time.monotonic() - spoke > COMMENT_SECONDS:
                    yield b": still here\n\n"
                    spoke = time.monotonic()
                await followers.wait(news)


def _format(event: Event) -> bytes:
    data = json.dumps({**event.data, "at": event.at.isoformat().replace("+00:00", "Z")})
    return f"id: {event.sequence}\nevent: {event.kind}\ndata: {data}\n\n".encode()
