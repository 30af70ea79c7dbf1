from collections import Counter

import pytest
import torch

from search_service.domain.space import largest, smallest
from search_service.recipes.anycost import AnycostRecipe, Sampling
from search_service.spaces.anycost import AnycostParameters, AnycostSpace
from workers.training.anycost_draws import AnycostDraws

RECIPE = AnycostRecipe(
    images=64,
    generator=AnycostParameters(resolution=32, channel_multiplier=1 / 32, channel_max=64),
    sampling=Sampling(sides={"32": 3.0, "8": 1.0}, full=0.25, smallest=0.25),
)
SPACE = AnycostSpace(RECIPE.generator)


def test_a_step_draws_the_same_whenever_it_is_run() -> None:
    first, again = (
        (draws.side(RECIPE.sampling.sides), draws.latents(4, 8))
        for draws in (AnycostDraws(1, 7), AnycostDraws(1, 7))
    )
    assert first[0] == again[0]
    assert torch.equal(first[1], again[1])


@pytest.mark.parametrize(("seed", "step"), [(1, 8), (2, 7)])
def test_another_step_or_seed_draws_something_else(seed: int, step: int) -> None:
    assert not torch.equal(AnycostDraws(1, 7).latents(4, 8), AnycostDraws(seed, step).latents(4, 8))


def test_sides_come_by_their_weights() -> None:
    sides = Counter(AnycostDraws(0, step).side(RECIPE.sampling.sides) for step in range(1000))
    assert set(sides) == {32, 8}
    assert sides[32] / 1000 == pytest.approx(0.75, abs=0.05)


def test_the_extremes_come_as_often_as_asked() -> None:
    drawn = Counter(AnycostDraws(0, step).architecture(SPACE, 32, RECIPE) for step in range(1000))
    low = SPACE.architecture((32, *smallest(SPACE).options[1:]))
    assert drawn[largest(SPACE)] / 1000 == pytest.approx(0.25, abs=0.05)
    assert drawn[low] / 1000 == pytest.approx(0.25, abs=0.05)
    assert len(drawn) > 300  # the rest is spread over the space


def test_two_latents_come_with_the_mixing_probability() -> None:
    counts = Counter(
        AnycostDraws(0, step).latents(1, 2, mixing=0.3).shape[1] for step in range(1000)
    )
    assert counts[2] / 1000 == pytest.approx(0.3, abs=0.05)


def test_a_crossover_leaves_each_latent_a_layer() -> None:
    points = {AnycostDraws(0, step).crossover(8) for step in range(300)}
    assert points == set(range(1, 8))
