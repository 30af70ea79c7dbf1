from collections.abc import Callable
from typing import Any

import pytest

from search_service import searchers, spaces
from search_service.domain.measurement import Protocol
from search_service.domain.seed import require_seed
from search_service.errors import InvalidInput
from search_service.searchers.base import Problem
from search_service.spaces.feasibility import feasibility

SPACE = spaces.build("anycost", {"resolution": 8, "channel_multiplier": 0.0625})
PROBLEM = Problem(space=SPACE, objectives=2, admits=lambda architecture: True)


def build_a_searcher(seed: Any) -> object:
    return searchers.build("random", problem=PROBLEM, seed=seed, window=1, parameters={})


def state_a_protocol(seed: Any) -> object:
    return Protocol(objective="fid", parameters={"samples": 512}).with_(seed=seed)


def sample_a_space(seed: Any) -> object:
    return feasibility(SPACE, [], samples=10, seed=seed)


@pytest.mark.parametrize("use", [require_seed, build_a_searcher, state_a_protocol, sample_a_space])
@pytest.mark.parametrize("seed", [-1, -(2**70), 1.5, True, "1", None])
def test_a_seed_that_no_generator_takes_is_refused_where_it_is_given(
    use: Callable[[Any], object], seed: object
) -> None:
    with pytest.raises(InvalidInput, match="seed must be") as refusal:
        use(seed)
    assert refusal.value.pointer == "/seed"


@pytest.mark.parametrize("use", [require_seed, build_a_searcher, state_a_protocol, sample_a_space])
@pytest.mark.parametrize("seed", [0, 1, 2**64])
def test_any_other_seed_is_taken(use: Callable[[int], object], seed: int) -> None:
    use(seed)
