"""A Ray without the processes that nothing here asks: they take a third of its start."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray._private.node as ray_node


class _BareNode(ray_node.Node):
    """All that runs actors, and no more. Ray has no setting for it."""

    def start_monitor(self) -> None:
        """No autoscaler: one machine has no nodes to add."""

    def start_log_monitor(self) -> None:
        """Nobody is sent the logs of actors; they are in their files."""

    def start_api_server(self, **_: Any) -> None:
        """Without a dashboard it would only report usage."""


@contextmanager
def bare() -> Iterator[None]:
    """A Ray that this process starts meanwhile is one."""
    usual = ray_node.Node
    ray_node.Node = _BareNode  # type: ignore[misc]  # where ray.init looks for it
    try:
        yield
    finally:
        ray_node.Node = usual  # type: ignore[misc]
