from dataclasses import replace

import torch
from torch import Tensor

from search_service.recipes.anycost import Adam, AnycostRecipe, Distillation, Sampling
from workers.training.anycost import AnycostTraining


def parameters(training: AnycostTraining) -> list[Tensor]:
    return [p.detach().clone() for p in training.generator.parameters()]


def test_equal_recipes_give_equal_weights(tiny: AnycostRecipe, real: Tensor) -> None:
    first, again = AnycostTraining(tiny, real), AnycostTraining(tiny, real)
    losses = [(first.step(i), again.step(i)) for i in range(3)]
    assert all(a == b for a, b in losses)
    pairs = zip(parameters(first), parameters(again), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_a_step_moves_both_networks_and_the_average(tiny: AnycostRecipe, real: Tensor) -> None:
    training = AnycostTraining(tiny, real)
    networks = (training.generator, training.discriminator, training.average)
    before = [torch.cat([p.detach().flatten() for p in n.parameters()]) for n in networks]
    training.step(0)
    after = [torch.cat([p.detach().flatten() for p in n.parameters()]) for n in networks]
    assert all(not torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_a_narrow_step_leaves_the_other_channels_alone(tiny: AnycostRecipe, real: Tensor) -> None:
    narrow = replace(tiny, sampling=Sampling(sides={"16": 1.0}, full=0.0, smallest=1.0))
    training = AnycostTraining(narrow, real)
    before = training.generator.get_parameter("convs.1.conv.weight").detach().clone()
    training.step(0)
    moved = (
        (training.generator.get_parameter("convs.1.conv.weight") != before).flatten(3).any(3)[0]
    )  # (o, i)
    width = moved.shape[0] // 4
    assert moved[:width, :width].all()
    assert not moved[width:].any()
    assert not moved[:, width:].any()


def test_the_penalty_comes_every_so_often(tiny: AnycostRecipe, real: Tensor) -> None:
    training = AnycostTraining(tiny, real)
    assert ["r1" in training.step(i) for i in range(7)] == [i % 3 == 0 for i in range(7)]


def test_distillation_starts_when_the_recipe_says(tiny: AnycostRecipe, real: Tensor) -> None:
    small = replace(tiny, sampling=Sampling(sides={"8": 1.0}, full=0.0, smallest=1.0))
    training = AnycostTraining(replace(small, distillation=Distillation(from_images=8)), real)
    assert ["distillation" in training.step(i) for i in range(4)] == [False, False, True, True]


def test_the_full_generator_is_not_taught_by_itself(tiny: AnycostRecipe, real: Tensor) -> None:
    full = replace(tiny, sampling=Sampling(sides={"16": 1.0}, full=1.0, smallest=0.0))
    training = AnycostTraining(replace(full, distillation=Distillation(from_images=0)), real)
    assert "distillation" not in training.step(0)


def test_the_learning_rate_falls_to_zero_at_the_end(tiny: AnycostRecipe, real: Tensor) -> None:
    training = AnycostTraining(replace(tiny, adam=Adam(decay_from=0.5)), real)
    rates = []
    for index in range(tiny.steps):
        training.step(index)
        rates.append(training.generator_adam.param_groups[0]["lr"])
    assert rates[: tiny.steps // 2] == [0.002] * (tiny.steps // 2)
    assert rates[-1] == 0.002 * 2 / tiny.steps
    assert sorted(rates, reverse=True) == rates


def test_half_precision_learns_about_the_same(tiny: AnycostRecipe, real: Tensor) -> None:
    full, half = (
        AnycostTraining(replace(tiny, precision=precision), real)
        for precision in ("float32", "bfloat16")
    )
    for index in range(2):
        a, b = full.step(index), half.step(index)
        assert abs(a["discriminator"] - b["discriminator"]) < 0.05
