"""What one actor takes of a node, and how many such fit into the nodes there are."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

DEVICE_PREFIX = "device:"  # a node offers a device by the resource `device:<name>`
ROUNDING = 1e-6  # fractions of a GPU are sums of floats
SHARD_CORES = 2  # of an actor that makes images and looks at the last ones at once


@dataclass(frozen=True, kw_only=True)
class Need:
    """Cores and GPUs of one actor. A fraction of a GPU is shared: four actors of 0.25 on one."""

    cpus: float = 1.0
    gpus: float = 0.0

    def bundle(self) -> dict[str, float]:
        """By Ray's names of resources, those that are needed."""
        named = {"CPU": self.cpus, "GPU": self.gpus}
        return {name: amount for name, amount in named.items() if amount > 0}

    def room(self, nodes: Iterable[Mapping[str, float]]) -> int:
        """How many fit; each whole on one node, whose resources are given by Ray's names."""
        needed = self.bundle()
        return sum(
            min(
                (
                    math.floor(node.get(name, 0.0) / each + ROUNDING)
                    for name, each in needed.items()
                ),
                default=0,
            )
            for node in nodes
        )


def shard_actors(nodes: Iterable[Mapping[str, float]]) -> tuple[int, int]:
    """How many actors make shards, and with how many cores each: two where a node has two; one
    actor at least, which waits for a node."""
    offers = list(nodes)
    largest = max((int(node.get("CPU", 0)) for node in offers), default=0)
    each = max(1, min(SHARD_CORES, largest))
    return max(1, Need(cpus=each).room(offers)), each
