"""What one actor takes of a node, and how many such fit into the nodes there are."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

DEVICE_PREFIX = "device:"  # a node offers a device by the resource `device:<name>`
ROUNDING = 1e-6  # fractions of a GPU are sums of floats


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
