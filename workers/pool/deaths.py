"""Why an actor died, in words, and whether the work in its hands is to blame."""

from collections.abc import Mapping, Sequence
from typing import Any

import ray
import ray.exceptions


def reason(error: Exception) -> str:
    """One phrase for a Ray error that is no error of the work itself. What the kernel ends for want
    of memory has crashed as far as Ray can tell."""
    if isinstance(error, ray.exceptions.OutOfMemoryError):
        return "it ran out of memory"
    return "its process crashed"


def is_of_node(node: str, nodes: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the node with this id is gone: then the work that was on it is not to blame."""
    return bool(node) and not any(n["NodeID"] == node and n["Alive"] for n in nodes)
