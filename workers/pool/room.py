"""What a pool needs to know of its cluster."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from workers.pool.desk import Ask, Grant


class Room(Protocol):
    """A cluster with space for actors, which other workers may share."""

    def grant(self, ask: Ask) -> Grant:
        """What may be had now of what could be used; answers at once."""
        ...

    def nodes(self) -> Sequence[Mapping[str, Any]]:
        """Ray's table of nodes, a few seconds old at most while the cluster answers."""
        ...

    def check(self) -> None:
        """Raises ClusterUnavailable when the cluster has gone."""
        ...
