"""A worker's line to the desk of its cluster: it never waits for an answer but to say good-bye."""

import logging
from collections import deque
from typing import Any

import ray
import ray.exceptions

from workers.pool.attended_desk import attended_desk
from workers.pool.desk import MANY, Ask, Grant
from workers.pool.need import Need

logger = logging.getLogger(__name__)

LEAVE_SECONDS = 5.0  # to be heard by the desk for the last time


class FrontDesk:
    """What one worker says there, and the last that it heard."""

    def __init__(self, worker: str) -> None:
        """`worker` is a name that no other process has."""
        self._worker = worker
        self._desk = attended_desk()
        self._coming: deque[Any] = deque()  # answers, in the order of what was asked
        self._said: Ask | None = None
        self._heard: Grant | None = None  # of such as was said last

    def ask(self, ask: Ask, room: int, *, cores: int = MANY) -> Grant:
        """The answer to what was asked a moment ago; see Desk. Until there is one to such an ask a
        worker may have what it has, or its first actor, but nothing that it can only use whole.

        What differs from what was asked last is sent though that is not answered yet: it may be the
        last for long.
        """
        if self._said is not None and _kind(ask) != _kind(self._said):
            self._coming.clear()
            self._heard = None
        self._hear()
        if not self._coming or ask != self._said:
            self._coming.append(self._desk.ask.remote(self._worker, ask, room, cores=cores))
            self._said = ask
        return self._heard or Grant(actors=0 if ask.whole else max(1, ask.held))

    def leave(self) -> None:
        """Ask for nothing, and wait until that was heard: a process that ends takes with it what
        it has not sent yet."""
        if self._said is None:
            return
        nothing = Ask(actors=0, need=Need())
        try:
            ray.get(self._desk.ask.remote(self._worker, nothing, 0), timeout=LEAVE_SECONDS)
        except ray.exceptions.RayError as error:  # it forgets who says nothing
            logger.warning("the desk was left unheard", extra={"cause": type(error).__name__})

    def _hear(self) -> None:
        while self._coming and ray.wait([self._coming[0]], timeout=0)[0]:
            try:
                self._heard = ray.get(self._coming.popleft())
            except ray.exceptions.RayError as error:  # its node went; it is told again what it knew
                logger.info("the desk did not answer", extra={"cause": type(error).__name__})
                self._coming.clear()
                self._desk = attended_desk()


def _kind(ask: Ask) -> tuple[bool, int]:
    """Asks of which one's answer serves for the other: how much is wanted may change, but not
    whether anything is, nor how much where all of it is needed."""
    return ask.whole, ask.actors if ask.whole else min(ask.actors, 1)
