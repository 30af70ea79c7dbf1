"""Who follows which job in this process, and how they hear of its new events."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import anyio

from search_service.queue import News

POLL_SECONDS = 0.2  # between two looks at the store, where no news come
HEARD_SECONDS = 2.0  # where they do, should one be lost


class Followers:
    """Wakes those who follow a job. All but `heard` belongs to the event loop's thread."""

    def __init__(self, news: News) -> None:
        self._news = news
        self._waiting: dict[str, set[anyio.Event]] = defaultdict(set)
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Listen, from within the running loop."""
        self._loop = asyncio.get_running_loop()
        self._news.listen(self.heard)

    def heard(self, job_id: str) -> None:
        """There are new events; from any thread."""
        assert self._loop is not None, "heard before it listens"
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake, job_id)

    @contextmanager
    def following(self, job_id: str) -> Iterator[anyio.Event]:
        """An event that is set by news that come from now on: enter before the store is read."""
        event = anyio.Event()
        self._waiting[job_id].add(event)
        try:
            yield event
        finally:
            self._waiting[job_id].discard(event)
            if not self._waiting[job_id]:
                del self._waiting[job_id]

    async def wait(self, event: anyio.Event) -> None:
        """Until it is set, or until it is time to look all the same."""
        with anyio.move_on_after(HEARD_SECONDS if self._news.listening else POLL_SECONDS):
            await event.wait()

    def _wake(self, job_id: str) -> None:
        for event in self._waiting.get(job_id, ()):
            event.set()
