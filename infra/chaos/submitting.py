"""A client that asks for jobs until they are accepted, each once, whichever replica answers."""

import itertools
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import httpx

PAUSE_SECONDS = 0.3
ANSWER_SECONDS = 5.0  # then another replica is asked


class Submitting:
    """From a thread of its own: a supernet, then jobs. Every request is sent once more after its
    first answer, as by a client that did not hear it: there must be one job all the same."""

    def __init__(
        self, urls: Sequence[str], supernet: Mapping[str, Any], bodies: Mapping[str, Any]
    ) -> None:
        self._urls = itertools.cycle(urls)
        self._requests = {"": ("/v1/supernets", supernet)} | {
            name: ("/v1/jobs", body) for name, body in bodies.items()
        }
        self._client = httpx.Client(timeout=ANSWER_SECONDS, trust_env=False)
        self._done = threading.Event()
        self.ids: dict[str, str] = {}  # of accepted jobs, by name
        self.faults: list[str] = []
        self.repeats = 0  # requests that had to be sent again
        self._thread = threading.Thread(target=self._submit, name="submitting", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def close(self) -> None:
        """Ask no more."""
        self._done.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._client.close()

    def _submit(self) -> None:
        for name, (path, body) in self._requests.items():
            key = str(uuid4())
            first = self._accepted(path, body, key)
            second = self._accepted(path, body, key)
            if first != second:
                self.faults.append(f"{name or path} was accepted twice: {first} and {second}")
            if name and first is not None:
                self.ids[name] = first

    def _accepted(self, path: str, body: Mapping[str, Any], key: str) -> str | None:
        """The id of what was made; None when it was refused, or there is no more time."""
        headers = {"Idempotency-Key": key}
        while not self._done.is_set():
            url = next(self._urls) + path
            try:
                answer = self._client.post(url, json=body, headers=headers)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.is_success:
                return str(answer.json()["id"])
            if answer is not None and answer.is_client_error:
                self.faults.append(f"{path} was refused: {answer.text}")
                return None
            self.repeats += 1
            time.sleep(PAUSE_SECONDS)
        return None
