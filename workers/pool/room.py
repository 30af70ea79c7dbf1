"""What a pool needs to know of its cluster."""

from collections.abc import Sequence
from typing import Protocol

from workers.pool.desk import Ask, Grant
from workers.pool.nodes import Node


class Room(Protocol):
    """A cluster with space for actors, which other workers may share."""

    def grant(self, ask: Ask) -> Grant:
        """What may be had now of what could be used; answers at once."""
        ...

    def nodes(self) -> Sequence[Node]:
        """As they were a few seconds ago at most, while the cluster answers."""
        ...

    def look(self) -> Sequence[Node]:
        """As they are now; as they were when the cluster last answered, if it does not."""
        ...

    def check(self) -> None:
        """Raises ClusterUnavailable when the cluster has gone."""
        ...
