"""News of jobs: that one has new events, told to whoever follows it in any process.

The events are in the storage; news carry only the job's id, and may be lost or come twice.
"""

import threading
from collections.abc import Callable

import redis
from redis.client import PubSub

from search_service.queue.link import Link

CHANNEL = "gansearch:events"
LOOK_SECONDS = 0.5  # between two looks of a listener at whether it is to end
PAUSE_SECONDS = 1.0  # of a listener, before it tries again


class RedisNews:
    """See `base.News`; through publish/subscribe."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._closed = threading.Event()
        self._subscribed = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def listening(self) -> bool:
        """See `base.News`."""
        return self._subscribed.is_set()

    def tell(self, job_id: str) -> None:
        """See `base.News`."""
        if not self._link.may_try():
            return
        try:
            self._link.client.publish(CHANNEL, job_id.encode())
        except redis.RedisError as error:
            self._link.failed(error)
        else:
            self._link.worked()

    def listen(self, heard: Callable[[str], None]) -> None:
        """See `base.News`."""
        assert self._thread is None, "one listener a process"
        self._thread = threading.Thread(target=self._run, args=(heard,), name="news", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """See `base.News`."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, heard: Callable[[str], None]) -> None:
        while not self._closed.is_set():
            try:
                self._hear(heard)
            except redis.RedisError as error:
                self._subscribed.clear()
                self._link.failed(error)
                self._closed.wait(PAUSE_SECONDS)

    def _hear(self, heard: Callable[[str], None]) -> None:
        with PubSub(self._link.client.connection_pool) as subscription:
            subscription.subscribe(CHANNEL)
            while not self._closed.is_set():
                message = subscription.get_message(timeout=LOOK_SECONDS)
                if message is None:
                    continue
                self._subscribed.set()
                self._link.worked()
                if message["type"] == "message":
                    # Others may say anything there; what is no id wakes nobody.
                    heard(message["data"].decode(errors="replace"))
