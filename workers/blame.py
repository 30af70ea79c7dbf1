"""Deaths of the processes that had one piece of work in hand, and which of them it caused."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

DOUBT_SECONDS = 30.0  # in which Ray, by default, notices that a node has gone


@dataclass
class Deaths:
    """Those of one piece of work. That of a process whose node goes is nobody's fault."""

    certain: int = 0  # for which the work is to blame
    _doubts: list[tuple[frozenset[str], float]] = field(default_factory=list)  # nodes, and when

    def add(self, *, nodes: Collection[str], now: float, uncertain: bool) -> None:
        """One more, on the node with this id, or on one of several. Where it is `uncertain` whether
        that has gone, it will be seen."""
        if uncertain and any(nodes):
            self._doubts.append((frozenset(nodes), now))
        else:
            self.certain += 1

    def count(self, now: float, gone: Callable[[str], bool]) -> int:
        """For how many the work is to blame, as far as is known now; `gone` tells of a node's id
        whether the node has left the cluster."""
        there = [(nodes, at) for nodes, at in self._doubts if not any(map(gone, nodes))]
        self._doubts = [(nodes, at) for nodes, at in there if now - at < DOUBT_SECONDS]
        self.certain += len(there) - len(self._doubts)
        return self.certain
