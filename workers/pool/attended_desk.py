"""The desk in an actor of its own, which all workers of a cluster find by its name."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import ray
import ray.exceptions
from ray.autoscaler.sdk import request_resources

from workers.pool.desk import MANY, Ask, Bundle, Desk, Grant

logger = logging.getLogger(__name__)

NAME = "gansearch-desk-2"  # another number where workers of before could not speak to it
ATTEND_SECONDS = 5.0  # between two looks at who says nothing any more


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

    def ask(self, worker: str, ask: Ask, room: int, *, cores: int = MANY) -> Grant:
        """See Desk."""
        with self._turn:
            return self._desk.ask(worker, ask, room, cores=cores)

    def _attend(self) -> None:
        while True:
            time.sleep(self._attend_seconds)
            with self._turn:
                self._desk.forget()


def attended_desk() -> Any:
    """The cluster's, started by the first that asks for it; it outlives whoever did."""
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
