import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from search_service.errors import InvalidInput
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


@pytest.fixture
def with_classes(tiny: AnycostRecipe) -> AnycostRecipe:
    return replace(tiny, generator=replace(tiny.generator, classes=3))


@pytest.fixture
def labels() -> Tensor:
    return torch.tensor([0, 1, 1, 2] * 5)


def test_labels_of_an_unconditional_generator_are_not_looked_at(
    tiny: AnycostRecipe, real: Tensor, labels: Tensor
) -> None:
    plain, labelled = AnycostTraining(tiny, real), AnycostTraining(tiny, real, labels)
    assert plain.step(0) == labelled.step(0)


def test_every_part_of_a_conditional_pair_is_trained(
    with_classes: AnycostRecipe, real: Tensor, labels: Tensor
) -> None:
    narrow = Sampling(sides={"8": 1.0}, full=0.0, smallest=1.0)
    taught = replace(with_classes, sampling=narrow, distillation=Distillation(from_images=0))
    training = AnycostTraining(taught, real, labels)
    parts = (training.generator.embed, training.discriminator.projection)
    before = [torch.cat([p.detach().flatten() for p in n.parameters()]) for n in parts]
    assert "distillation" in training.step(0)
    after = [torch.cat([p.detach().flatten() for p in n.parameters()]) for n in parts]
    assert all(not torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_the_discriminator_sees_the_labels_of_its_images(
    with_classes: AnycostRecipe, real: Tensor, labels: Tensor
) -> None:
    straight, twisted = (
        AnycostTraining(with_classes, real, each).step(0) for each in (labels, labels.flip(0))
    )
    assert straight["real_logit"] != twisted["real_logit"]


def test_generated_images_have_classes_as_frequent_as_the_real_ones(
    with_classes: AnycostRecipe, real: Tensor, labels: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = AnycostTraining(replace(with_classes, images=200), real, labels)
    styles, asked = training.generator.styles, list[Tensor]()

    def watched(z: Tensor, *, labels: Tensor, crossover: int | None = None) -> Tensor:
        asked.append(labels)
        return styles(z, labels=labels, crossover=crossover)

    monkeypatch.setattr(training.generator, "styles", watched)
    for index in range(50):
        training.step(index)
    shares = torch.cat(asked).bincount() / torch.cat(asked).numel()
    assert shares.numpy() == pytest.approx(np.array([0.25, 0.5, 0.25]), abs=0.1)


def test_a_grid_has_a_row_per_class(
    with_classes: AnycostRecipe, real: Tensor, labels: Tensor
) -> None:
    with Image.open(io.BytesIO(AnycostTraining(with_classes, real, labels).grid())) as picture:
        rows = np.asarray(picture).reshape(3, 16, 16 * 16)
    assert (rows[0] != rows[1]).any()
    assert (rows[1] != rows[2]).any()


def test_a_generator_with_classes_wants_labels(with_classes: AnycostRecipe, real: Tensor) -> None:
    with pytest.raises(InvalidInput, match="trained on images with labels"):
        AnycostTraining(with_classes, real)
