"""What the search asks of a pool: take measurement requests, give outcomes back as they finish."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from search_service.domain.measurement import Measurement, MeasurementRequest
from search_service.errors import MeasurementFailed


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a request ended: one of the two is set."""

    ticket: int
    measurement: Measurement | None = None
    failure: str = ""  # one line


class Pool(Protocol):
    """Measures somewhere else, in any order. One owner, one thread."""

    def submit(self, request: MeasurementRequest) -> int:
        """Queue a request and return its ticket; requests for one architecture tend to go to the
        actor that served the last one, which may then continue from what it has."""
        ...

    def wait(self, timeout_seconds: float) -> Sequence[Outcome]:
        """Outcomes that have come in, at least one unless the time runs out. Every ticket gets one
        outcome: an actor that dies has its request tried again elsewhere, then failed. Whoever has
        nothing to wait for calls it too, now and then, while others may need what the pool holds.
        """
        ...

    def withdraw(self) -> Collection[int]:
        """Forget what nobody has begun to measure; its tickets, which get no outcome."""
        ...

    def abandon(self) -> None:
        """Forget every ticket; their outcomes are never given. What is being measured may go on
        for some seconds, and is then ended."""
        ...


class InlinePool:
    """Measures in the calling thread, one request per `wait`, in an order drawn from `seed`.

    It is what `Pool` means, without a cluster: any finishing order is one it may produce.
    """

    def __init__(
        self, measure: Callable[[MeasurementRequest], Measurement], *, seed: int | None = None
    ) -> None:
        """`seed` None: first come, first served."""
        self._measure = measure
        self._rng = None if seed is None else np.random.default_rng(seed)
        self._queue: dict[int, MeasurementRequest] = {}
        self._tickets = 0

    def submit(self, request: MeasurementRequest) -> int:
        """See Pool."""
        self._tickets += 1
        self._queue[self._tickets] = request
        return self._tickets

    def wait(self, timeout_seconds: float) -> Sequence[Outcome]:
        """See Pool."""
        if not self._queue:
            return []
        tickets = list(self._queue)
        place = 0 if self._rng is None else int(self._rng.integers(len(tickets)))
        ticket = tickets[place]
        request = self._queue.pop(ticket)
        try:
            return [Outcome(ticket=ticket, measurement=self._measure(request))]
        except MeasurementFailed as error:
            return [Outcome(ticket=ticket, failure=str(error))]

    def withdraw(self) -> Collection[int]:
        """See Pool."""
        withdrawn = list(self._queue)
        self._queue.clear()
        return withdrawn

    def abandon(self) -> None:
        """See Pool."""
        self._queue.clear()
