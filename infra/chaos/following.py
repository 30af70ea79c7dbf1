"""A client that follows a job's events to their end, through whichever replica is there."""

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import httpx

from search_service.client.streaming import read_events

SILENCE_SECONDS = 20.0  # a replica says something every 15
CONNECT_SECONDS = 5.0
PAUSE_SECONDS = 0.3
MOVE_EVENTS = 20  # after so many it moves to the next replica, though nothing is wrong


class Following:
    """From a thread of its own, from the first event to the last `end` that there will be."""

    def __init__(
        self, urls: Sequence[str], job: str, *, ends: Callable[[], int | None] = lambda: 1
    ) -> None:
        """`ends` tells how often the job comes to an end, None while that is open: one that is
        cancelled and tried again does so twice."""
        self._urls = itertools.cycle(urls)
        self._job = job
        self._ends = ends
        self._done = threading.Event()
        self.heard: list[int] = []  # sequence numbers, as they came
        self.ended = False
        self._ends_heard = 0
        self.moves = 0  # from one replica to another
        self._thread = threading.Thread(target=self._follow, name=f"following {job}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Follow no more, once the stream says something or breaks; waits for neither."""
        self._done.set()

    def _follow(self) -> None:
        while not self._done.is_set() and not self.ended:
            if self._ends_heard and self._ends() in (None, self._ends_heard):
                self.ended = self._ends() == self._ends_heard
                time.sleep(PAUSE_SECONDS)
                continue
            with suppress(httpx.TransportError):
                self._hear(next(self._urls))
            self.moves += 1
            time.sleep(PAUSE_SECONDS)

    def _hear(self, url: str) -> None:
        """Until an end, or for some events."""
        headers = {"Last-Event-ID": str(self.heard[-1] if self.heard else 0)}
        timeout = httpx.Timeout(CONNECT_SECONDS, read=SILENCE_SECONDS)
        address = f"{url}/v1/jobs/{self._job}/events"
        with (
            httpx.Client(timeout=timeout, trust_env=False) as client,
            client.stream("GET", address, headers=headers) as answer,
        ):
            if not answer.is_success:
                return
            for event in itertools.islice(read_events(answer.iter_lines()), MOVE_EVENTS):
                self.heard.append(event.sequence)
                self._ends_heard += event.kind == "end"
                if event.kind == "end" or self._done.is_set():
                    return
