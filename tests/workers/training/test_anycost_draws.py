from collections import Counter
from dataclasses import replace

import pytest
import torch

from search_service.domain.space import largest
from search_service.recipes.anycost import AnycostRecipe, Sampling
from search_service.spaces.anycost import RATIOS, AnycostParameters, AnycostSpace
from workers.training.anycost_draws import AnycostDraws

RECIPE = AnycostRecipe(
    images=64,
    generator=AnycostParameters(resolution=32, channel_multiplier=1 / 32, channel_max=64),
    sampling=Sampling(sides={"32": 3.0, "8": 1.0}, full=0.25, smallest=0.25),
)
SPACE = AnycostSpace(RECIPE.generator)
FLEXIBLE = Sampling(channels="flexible")


def test_a_step_draws_the_same_whenever_it_is_run() -> None:
    first, again = (
        (
            draws.sides(RECIPE.sides, RECIPE.sampling),
            draws.subnet(SPACE, 32, RECIPE.sampling),
            draws.latents(4, 8),
        )
        for draws in (AnycostDraws(1, 7), AnycostDraws(1, 7))
    )
    assert first[:2] == again[:2]
    assert torch.equal(first[2], again[2])


@pytest.mark.parametrize(("seed", "step"), [(1, 8), (2, 7)])
def test_another_step_or_seed_draws_something_else(seed: int, step: int) -> None:
    assert not torch.equal(AnycostDraws(1, 7).latents(4, 8), AnycostDraws(seed, step).latents(4, 8))


def test_another_step_draws_another_subnet() -> None:
    subnets = {AnycostDraws(1, step).subnet(SPACE, 32, FLEXIBLE) for step in range(20)}
    assert len(subnets) > 15


def test_sides_come_by_their_weights() -> None:
    drawn = [AnycostDraws(0, step).sides(RECIPE.sides, RECIPE.sampling) for step in range(1000)]
    sides = Counter(side for (side,) in drawn)
    assert set(sides) == {32, 8}
    assert sides[32] / 1000 == pytest.approx(0.75, abs=0.05)


def test_several_sides_are_different_ones_the_lowest_first() -> None:
    two = replace(RECIPE, sampling=Sampling(levels=2, channels="full"))
    drawn = Counter(AnycostDraws(0, step).sides(two.sides, two.sampling) for step in range(600))
    assert set(drawn) == {(8, 16), (8, 32), (16, 32)}
    assert all(count / 600 == pytest.approx(1 / 3, abs=0.06) for count in drawn.values())


@pytest.mark.parametrize(("resolutions", "seen"), [("highest", (32,)), ("all", (8, 16, 32))])
def test_the_alternatives_see_the_same_sides_in_every_step(
    resolutions: str, seen: tuple[int, ...]
) -> None:
    recipe = replace(RECIPE, sampling=Sampling(resolutions=resolutions))
    for step in range(10):
        assert AnycostDraws(0, step).sides(recipe.sides, recipe.sampling) == seen


def test_full_widths_are_drawn_without_chance() -> None:
    full = Sampling(channels="full")
    drawn = {AnycostDraws(0, step).subnet(SPACE, 16, full) for step in range(10)}
    assert [(d.architecture, set(d.ratios)) for d in drawn] == [(SPACE.uniform(1.0, 16), {1.0})]


def test_uniform_widths_have_one_multiplier() -> None:
    uniform = Sampling(channels="uniform")
    drawn = Counter(AnycostDraws(0, step).subnet(SPACE, 32, uniform) for step in range(400))
    expected = {(SPACE.uniform(ratio), (ratio,) * len(SPACE.full_channels)) for ratio in RATIOS}
    assert {(d.architecture, d.ratios) for d in drawn} == expected
    assert min(drawn.values()) > 60


def test_the_extremes_come_as_often_as_asked() -> None:
    drawn = Counter(
        AnycostDraws(0, step).subnet(SPACE, 32, RECIPE.sampling).architecture
        for step in range(1000)
    )
    assert drawn[largest(SPACE)] / 1000 == pytest.approx(0.25, abs=0.05)
    assert drawn[SPACE.uniform(0.25)] / 1000 == pytest.approx(0.25, abs=0.05)
    assert len(drawn) > 300  # the rest is spread over the space


def test_two_latents_come_with_the_mixing_probability() -> None:
    counts = Counter(
        AnycostDraws(0, step).latents(1, 2, mixing=0.3).shape[1] for step in range(1000)
    )
    assert counts[2] / 1000 == pytest.approx(0.3, abs=0.05)


def test_a_crossover_leaves_each_latent_a_layer() -> None:
    points = {AnycostDraws(0, step).crossover(8) for step in range(300)}
    assert points == set(range(1, 8))
