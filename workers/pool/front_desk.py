"""A worker's line to the desk of its cluster: it never waits for an answer but to say good-bye."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import ray
import ray.exceptions
from ray.autoscaler.sdk import request_resources

from workers.pool.desk import Ask, Bundle, Desk, Grant
from workers.pool.need import Need

logger = logging.getLogger(__name__)

NAME = "gansearch-desk"
LEAVE_SECONDS = 5.0  # to be heard by the desk for the last time
ATTEND_SECONDS = 5.0  # between two looks of the desk at who says nothing any more


class FrontDesk:
    """The desk is one named actor, started by the first worker that asks; it outlives it."""

    def __init__(self, worker: str) -> None:
        """`worker` is a name that no other process has."""
        self._worker = worker
        self._desk = _open()
        self._coming: deque[Any] = deque()  # answers, in the order of what was asked
        self._said: Ask | None = None
        self._last = Grant(actors=1)

    def ask(self, ask: Ask, room: int) -> Grant:
        """The answer to what was asked a moment ago. See Desk. What differs from what was asked
        last is sent though that is not answered yet: it may be the last for long."""
        self._hear()
        if not self._coming or ask != self._said:
            self._coming.append(self._desk.ask.remote(self._worker, ask, room))
            self._said = ask
        return self._last

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
                self._last = ray.get(self._coming.popleft())
            except ray.exceptions.RayError:  # its node went; what it knew is told again
                self._coming.clear()
                self._desk = _open()


class AttendedDesk:
    """A desk in a process of its own, which sees to it that the autoscaler hears of those that are
    no more even when nobody is left that asks."""

    def __init__(
        self,
        tell_autoscaler: Callable[[Sequence[Bundle]], bool],
        *,
        clock: Callable[[], float] = time.monotonic,
        attend_seconds: float = ATTEND_SECONDS,
    ) -> None:
        """See Desk."""
        self._desk = Desk(tell_autoscaler, clock=clock)
        self._turn = threading.Lock()
        self._attend_seconds = attend_seconds
        threading.Thread(target=self._attend, name="desk", daemon=True).start()

    def ask(self, worker: str, ask: Ask, room: int) -> Grant:
        """See Desk."""
        with self._turn:
            return self._desk.ask(worker, ask, room)

    def _attend(self) -> None:
        while True:
            time.sleep(self._attend_seconds)
            with self._turn:
                self._desk.forget()


def _open() -> Any:
    desk = ray.remote(AttendedDesk).options(
        name=NAME, namespace="gansearch", lifetime="detached", get_if_exists=True, num_cpus=0
    )
    return desk.remote(_tell_autoscaler)


def _tell_autoscaler(bundles: Sequence[Bundle]) -> bool:
    """In place of what it was told before; a cluster without one ignores it. Whether Ray took it:
    shares must go on where it does not."""
    try:
        request_resources(bundles=[dict(bundle) for bundle in bundles])
    except (ray.exceptions.RayError, RuntimeError, OSError) as error:
        logger.warning("the autoscaler was not told", extra={"cause": str(error)[:200]})
        return False
    return True
