"""A client that follows a job's events to their end, through whichever replica is there."""

import itertools
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

import httpx

from search_service.client.streaming import read_events

SILENCE_SECONDS = 20.0  # a replica says something every 15
CONNECT_SECONDS = 5.0
PAUSE_SECONDS = 0.3
MOVE_EVENTS = 20  # after so many it moves to the next replica, though nothing is wrong


class Following:
    """From a thread of its own, from the first event to the last one of an `end`."""

    def __init__(self, urls: Sequence[str], job: str) -> None:
        self._urls = itertools.cycle(urls)
        self._job = job
        self._done = threading.Event()
        self.heard: list[int] = []  # sequence numbers, as they came
        self.ended = False
        self.moves = 0  # from one replica to another
        self._thread = threading.Thread(target=self._follow, name=f"following {job}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Follow no more, once the stream says something or breaks; waits for neither."""
        self._done.set()

    def _follow(self) -> None:
        while not self._done.is_set() and not self.ended:
            with suppress(httpx.TransportError):
                self._hear(next(self._urls))
            if not self.ended:
                self.moves += 1
                time.sleep(PAUSE_SECONDS)

    def _hear(self, url: str) -> None:
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
                self.ended = event.kind == "end"
                if self.ended or self._done.is_set():
                    return
