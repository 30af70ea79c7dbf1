"""Words for a death, and whether a node went."""

from typing import Any

import ray.exceptions

from workers.pool.deaths import is_gone, is_uncertain, reason
from workers.pool.nodes import Node

NODES = [Node(id="a", alive=True, resources={}), Node(id="b", alive=False, resources={})]


def test_out_of_memory_is_told_from_a_crash() -> None:
    kind: type[Any] = ray.exceptions.OutOfMemoryError
    killed = kind("killed, the node runs low on memory")
    assert reason(killed) == "it ran out of memory"
    assert reason(ray.exceptions.ActorDiedError()) == "its process crashed"


def test_a_lost_connection_is_no_certain_death() -> None:
    assert is_uncertain(ray.exceptions.ActorUnavailableError("no answer", None))
    assert not is_uncertain(ray.exceptions.ActorDiedError())


def test_a_node_is_gone_when_it_was_known_and_lives_no_more() -> None:
    assert not is_gone("a", NODES)
    assert is_gone("b", NODES)
    assert is_gone("never heard of", NODES)
    assert not is_gone("", NODES)  # not known where it was
