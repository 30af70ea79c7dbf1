"""Whether a cluster still answers, and what nodes it has: asked from a thread of its own."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

import ray.exceptions

from search_service.errors import ClusterUnavailable
from workers.pool.nodes import Node

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
CONFIRM_SECONDS = 0.05  # between two looks at whether an answer came
LOST_SECONDS = 20.0  # without an answer; Ray itself ends a process that waits for a minute


class Watch:
    """Looks every second."""

    def __init__(
        self,
        read: Callable[[], Sequence[Node]],
        *,
        own: str,
        lost_seconds: float = LOST_SECONDS,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        """`read` gives the table of nodes, or raises RayError; `own` is the id of the node through
        which this process speaks to the cluster."""
        self._read = read
        self._own = own
        self._lost_seconds = lost_seconds
        self._look_seconds = look_seconds
        self._nodes = read()
        self._heard = time.monotonic()
        self._gone = ""
        self._done = threading.Event()
        threading.Thread(target=self._watch, name="cluster", daemon=True).start()

    def nodes(self) -> Sequence[Node]:
        """As they were when the cluster last answered."""
        return self._nodes

    def look(self) -> Sequence[Node]:
        """Ask now."""
        try:
            nodes = self._read()
        except ray.exceptions.AuthenticationError as error:
            # A head that remembers nothing of us, at the same address, or with another token.
            self._gone = f"its head does not know us: {str(error).splitlines()[0]}"
        except ray.exceptions.RayError as error:
            logger.warning("the cluster does not answer", extra={"cause": str(error)[:200]})
        else:
            self._nodes, self._heard = nodes, time.monotonic()
            if not any(node.id == self._own and node.alive for node in nodes):
                self._gone = "this worker's node is no longer part of it"
        return self._nodes

    def check(self) -> None:
        """Raises ClusterUnavailable when it has not answered for `lost_seconds`, when the node that
        this process is connected to has left it, or when another one has taken its place."""
        silent = time.monotonic() - self._heard
        if not self._gone and silent > self._lost_seconds:
            self._gone = f"no answer for {silent:.0f} s"
        if self._gone:
            raise ClusterUnavailable(f"the Ray cluster has gone: {self._gone}")

    def confirm(self) -> None:
        """Wait until the cluster has answered what is asked from now on. Raises ClusterUnavailable
        when it has gone."""
        for _ in range(2):  # the first answer may be to an earlier question
            before = self._heard
            while self._heard == before:
                self.check()
                time.sleep(CONFIRM_SECONDS)

    def close(self) -> None:
        """Look no more."""
        self._done.set()

    def _watch(self) -> None:
        while not self._gone and not self._done.wait(self._look_seconds):
            self.look()
