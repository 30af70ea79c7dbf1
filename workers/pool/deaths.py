"""Why an actor died, in words, and whether its node did."""

from collections.abc import Sequence

import ray
import ray.exceptions

from workers.pool.nodes import Node


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
