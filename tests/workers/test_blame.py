"""Whose fault a death was."""

import pytest

from workers.blame import DOUBT_SECONDS, Deaths


def gone(node: str) -> bool:
    return node != "a"


def nothing_gone(node: str) -> bool:
    return False


def test_certain_deaths_count_at_once() -> None:
    deaths = Deaths()
    for number in (1, 2):
        deaths.add(nodes=["a"], now=0.0, uncertain=False)
        assert deaths.count(0.0, gone) == number


def test_where_nobody_knows_the_node_the_work_is_to_blame() -> None:
    deaths = Deaths()
    deaths.add(nodes=[""], now=0.0, uncertain=True)
    assert deaths.count(0.0, gone) == 1


@pytest.mark.parametrize(
    ("nodes", "counted"), [(["a"], 1), (["b"], 0), (["a", "b"], 0), (["a", "a"], 1)]
)
def test_a_doubtful_death_counts_once_every_node_it_may_have_been_on_has_outlived_it(
    nodes: list[str], counted: int
) -> None:
    deaths = Deaths()
    deaths.add(nodes=nodes, now=0.0, uncertain=True)
    assert deaths.count(DOUBT_SECONDS - 1, gone) == 0
    assert deaths.count(DOUBT_SECONDS, gone) == counted
    assert deaths.count(DOUBT_SECONDS + 1, nothing_gone) == counted  # what was judged stays so
