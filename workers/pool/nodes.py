"""The nodes of a cluster, read over a connection of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import ray
from ray._raylet import GcsClient  # type: ignore[attr-defined]  # compiled
from ray.core.generated.gcs_pb2 import GcsNodeInfo  # type: ignore[attr-defined]  # made on import

READ_SECONDS = 5.0  # for an answer


@dataclass(frozen=True, kw_only=True)
class Node:
    """A machine, or one that was."""

    id: str
    alive: bool
    resources: Mapping[str, float]  # all that it has, by Ray's names


def reader() -> Callable[[], Sequence[Node]]:
    """What reads the table of the cluster that this process has joined; it raises RayError.

    Ray's own `ray.nodes` would end this process when another cluster has come up at the address:
    it takes a foreign answer for a broken promise. Through a Ray client there is nothing else.
    """
    if ray.util.client.ray.is_connected():  # type: ignore[no-untyped-call]  # Ray's
        return _through_client
    client = GcsClient(address=ray.get_runtime_context().gcs_address)

    def read() -> list[Node]:
        return [
            Node(
                id=key.hex(),
                alive=node.state == GcsNodeInfo.ALIVE,
                resources=dict(node.resources_total),
            )
            for key, node in client.get_all_node_info(timeout=READ_SECONDS).items()
        ]

    return read


def _through_client() -> list[Node]:
    return [
        Node(id=node["NodeID"], alive=node["Alive"], resources=node["Resources"])
        for node in ray.nodes()  # type: ignore[no-untyped-call]  # Ray's
    ]
