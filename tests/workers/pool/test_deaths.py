"""Words for a death, and whose fault it was."""

from typing import Any

import ray.exceptions

from workers.pool.deaths import is_of_node, reason


def test_out_of_memory_is_told_from_a_crash() -> None:
    kind: type[Any] = ray.exceptions.OutOfMemoryError
    killed = kind("killed, the node runs low on memory")
    assert reason(killed) == "it ran out of memory"
    assert reason(ray.exceptions.ActorDiedError()) == "its process crashed"


def test_only_a_node_that_is_gone_takes_the_blame() -> None:
    nodes = [{"NodeID": "a", "Alive": True}, {"NodeID": "b", "Alive": False}]
    assert not is_of_node("a", nodes)
    assert is_of_node("b", nodes)
    assert is_of_node("never heard of", nodes)
    assert not is_of_node("", nodes)  # not known where it was
