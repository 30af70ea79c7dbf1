"""A walk goes over its points in one order, each once, within what is fixed."""

from math import prod

import pytest

from search_service import spaces
from search_service.domain.space import Architecture, SearchSpace
from search_service.searchers.base import Problem
from search_service.searchers.optuna.samplers import Chosen
from search_service.searchers.optuna.walk import Walk

SPACE = spaces.build("anycost", {"resolution": 8, "channel_multiplier": 0.0625})


def walk(sampler: str, *, space: SearchSpace = SPACE, seed: int = 0, **options: object) -> Walk:
    problem = Problem(space=space, objectives=1, admits=lambda architecture: True)
    return Walk(Chosen(sampler=sampler, options=options), problem=problem, seed=seed)


def first(walked: Walk, count: int) -> list[Architecture]:
    """As many new ones as there are, at most `count`."""
    found: list[Architecture] = []
    while len(found) < count and (architecture := walked.next(set(found))) is not None:
        found.append(architecture)
    return found


@pytest.mark.parametrize("sampler", ["GridSampler", "BruteForceSampler"])
def test_a_finite_walk_sees_everything_once_and_ends(sampler: str) -> None:
    found = first(walk(sampler), 1000)
    assert len(found) == len(set(found)) == SPACE.size


@pytest.mark.parametrize("sampler", ["GridSampler", "BruteForceSampler", "QMCSampler"])
def test_the_order_is_that_of_the_seed(sampler: str) -> None:
    found = first(walk(sampler, seed=3), 20)
    assert found == first(walk(sampler, seed=3), 20)
    assert found != first(walk(sampler, seed=4), 20)


def test_a_seed_may_be_larger_than_optuna_takes() -> None:
    assert len(first(walk("GridSampler", seed=2**70), 3)) == 3


def test_a_sobol_sequence_covers_every_option_evenly() -> None:
    found = first(walk("QMCSampler", scramble=True), 65)[1:]  # the first is drawn at random
    for place, choice in enumerate(SPACE.choices):
        taken = [architecture.options[place] for architecture in found]
        even = 64 / len(choice.options)
        assert all(abs(taken.count(option) - even) <= 6 for option in choice.options)


def test_what_nobody_admits_is_given_up_after_a_while() -> None:
    space = spaces.build("anycost", {"resolution": 32, "channel_multiplier": 0.0625})
    seen: list[Architecture] = []

    def refuse(architecture: Architecture) -> bool:
        seen.append(architecture)
        return False

    problem = Problem(space=space, objectives=1, admits=refuse)
    walked = Walk(Chosen(sampler="QMCSampler", options={}), problem=problem, seed=0)
    assert walked.next(set()) is None
    assert walked.next(set()) is None  # and does not look again
    assert 0 < len(seen) < prod(len(choice.options) for choice in space.choices) / 100
