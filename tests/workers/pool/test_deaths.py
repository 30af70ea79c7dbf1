"""Words for a death, and whose fault it was."""

from typing import Any

import pytest
import ray.exceptions

from workers.pool.deaths import DOUBT_SECONDS, Deaths, is_gone, is_uncertain, reason
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


def test_certain_deaths_count_at_once() -> None:
    deaths = Deaths()
    for number in (1, 2):
        deaths.add(node="a", now=0.0, uncertain=False)
        assert deaths.count(0.0, NODES) == number


@pytest.mark.parametrize(("node", "counted"), [("a", 1), ("b", 0)])
def test_a_doubtful_death_counts_once_its_node_has_outlived_it(node: str, counted: int) -> None:
    deaths = Deaths()
    deaths.add(node=node, now=0.0, uncertain=True)
    assert deaths.count(DOUBT_SECONDS - 1, NODES) == 0
    assert deaths.count(DOUBT_SECONDS, NODES) == counted
    assert deaths.count(DOUBT_SECONDS + 1, []) == counted  # what was judged stays so
