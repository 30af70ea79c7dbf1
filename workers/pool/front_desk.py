"""A worker's line to the desk of its cluster: it never waits for an answer."""

from collections.abc import Sequence
from typing import Any

import ray
import ray.exceptions
from ray.autoscaler.sdk import request_resources

from workers.pool.desk import Ask, Bundle, Desk, Grant

NAME = "gansearch-desk"


class FrontDesk:
    """The desk is one named actor, started by the first worker that asks; it outlives it."""

    def __init__(self, worker: str) -> None:
        """`worker` is a name that no other process has."""
        self._worker = worker
        self._desk = _open()
        self._coming: Any = None
        self._last = Grant(actors=1)

    def ask(self, ask: Ask, room: int) -> Grant:
        """The answer to what was asked a moment ago. See Desk."""
        if self._coming is not None and ray.wait([self._coming], timeout=0)[0]:
            try:
                self._last = ray.get(self._coming)
            except ray.exceptions.RayError:  # its node went; what it knew is told again
                self._desk = _open()
            self._coming = None
        if self._coming is None:
            self._coming = self._desk.ask.remote(self._worker, ask, room)
        return self._last


def _open() -> Any:
    desk = ray.remote(Desk).options(
        name=NAME, namespace="gansearch", lifetime="detached", get_if_exists=True, num_cpus=0
    )
    return desk.remote(_tell_autoscaler)


def _tell_autoscaler(bundles: Sequence[Bundle]) -> None:
    """In place of what it was told before; a cluster without one ignores it."""
    request_resources(bundles=[dict(bundle) for bundle in bundles])
