"""How long a search has been worked on: what `wall_seconds` of its budget bounds.

Counted by the monotonic clocks of the workers that had it, claim after claim, each telling its own
seconds as it goes. So no clock that is set, on whichever machine, ends a search early or never; and
neither a pause, nor the time that nobody works on it, uses up its budget.
"""

import time
from collections.abc import Callable

from search_service.domain.event import EventKind
from search_service.domain.job import Claim, JobState
from search_service.storage.base import Storage

PAGE = 500  # events that are read at once


class Stopwatch:
    """Of one claim, from when it is made; `before` is read when it is first asked for."""

    def __init__(
        self,
        claim: Claim,
        *,
        storage: Storage,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._claim = claim
        self._storage = storage
        self._monotonic = monotonic
        self._started = monotonic()
        self._before: float | None = None

    def own(self) -> float:
        """Seconds of this claim."""
        return self._monotonic() - self._started

    def total(self) -> float:
        """Seconds of all claims in the job's present attempt; of one that broke off, those up to
        what it told last."""
        if self._before is None:
            self._before = told_before(self._claim, storage=self._storage)
        return self._before + self.own()


def told_before(claim: Claim, *, storage: Storage) -> float:
    """The seconds that earlier claims of the attempt told, by the job's `progress` events."""
    told: dict[int, float] = {}
    after = 0
    while events := storage.events.read(claim.job.id, after=after, limit=PAGE):
        after = events[-1].sequence
        for event in events:
            if event.kind is EventKind.STATE and event.data["state"] == JobState.QUEUED:
                told = {}
            elif event.kind is EventKind.PROGRESS and event.data.get("claim", 0) != claim.fence:
                # What was told before there was a stopwatch has neither.
                told[event.data.get("claim", 0)] = event.data.get("seconds", 0.0)
    return sum(told.values())
