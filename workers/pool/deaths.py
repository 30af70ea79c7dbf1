"""Why an actor died, in words, and whether the work in its hands is to blame."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import ray
import ray.exceptions

from workers.pool.nodes import Node

DOUBT_SECONDS = 30.0  # in which Ray, by default, notices that a node has gone


def reason(error: Exception) -> str:
    """One phrase for a Ray error that is no error of the work itself. What the kernel ends for want
    of memory has crashed as far as Ray can tell."""
    if isinstance(error, ray.exceptions.OutOfMemoryError):
        return "it ran out of memory"
    return "its process crashed"


def is_uncertain(error: Exception) -> bool:
    """Whether Ray does not know yet what has become of the actor: it has lost the connection, and
    of a node that has gone the cluster hears later than that."""
    return isinstance(error, ray.exceptions.ActorUnavailableError)


def is_gone(node: str, nodes: Sequence[Node]) -> bool:
    """Whether the node with this id is gone; not if the id is empty, not known."""
    return bool(node) and not any(n.id == node and n.alive for n in nodes)


@dataclass
class Deaths:
    """Those of the actors that had one piece of work in their hands."""

    certain: int = 0  # for which the work is to blame
    _doubts: list[tuple[str, float]] = field(default_factory=list)  # the actor's node, and when

    def add(self, *, node: str, now: float, uncertain: bool) -> None:
        """One more. Where Ray is uncertain the actor's node may have gone, which is nobody's fault:
        that will be seen."""
        if uncertain and node:
            self._doubts.append((node, now))
        else:
            self.certain += 1

    def count(self, now: float, nodes: Sequence[Node]) -> int:
        """For how many the work is to blame, as far as is known now."""
        there = [(node, at) for node, at in self._doubts if not is_gone(node, nodes)]
        self._doubts = [(node, at) for node, at in there if now - at < DOUBT_SECONDS]
        self.certain += len(there) - len(self._doubts)
        return self.certain
