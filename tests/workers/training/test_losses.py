from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from workers.training.losses import (
    area_pyramid,
    bilinear_pyramid,
    discriminator_logistic,
    generator_nonsaturating,
    image_distillation,
    r1_penalty,
)

ORACLE = Path(__file__).parents[2] / "fixtures" / "anycost"
SIDES = (8, 16, 32, 64)


@pytest.fixture(scope="module")
def recorded() -> Any:
    return np.load(ORACLE / "d64_cases.npz")


def tensor(recorded: Any, name: str) -> Tensor:
    return torch.from_numpy(recorded[name])


def test_adversarial_losses_as_recorded(recorded: Any) -> None:
    real, fake = tensor(recorded, "loss.real_pred"), tensor(recorded, "loss.fake_pred")
    assert_close(discriminator_logistic(real, fake), tensor(recorded, "loss.d_logistic"))
    assert_close(generator_nonsaturating(fake), tensor(recorded, "loss.g_nonsat"))


def test_the_teachers_levels_and_the_distance_to_them_as_recorded(recorded: Any) -> None:
    teacher = bilinear_pyramid(tensor(recorded, "distill.teacher64"), SIDES)
    for side, level in zip(SIDES, teacher, strict=True):
        assert_close(level, tensor(recorded, f"distill.teacher_pyr{side}"))
    student = [tensor(recorded, f"distill.student{side}") for side in SIDES]
    assert_close(image_distillation(student, teacher), tensor(recorded, "distill.mse_sum"))


def test_a_discriminator_that_cannot_tell_loses_twice_the_logarithm_of_two() -> None:
    undecided = torch.zeros(4, 1)
    assert_close(discriminator_logistic(undecided, undecided), torch.tensor(2.0).log() * 2)


def test_r1_of_a_linear_discriminator_is_the_squared_norm_of_its_weights() -> None:
    weights = torch.randn(1, 3, 4, 4)
    real = torch.randn(5, 3, 4, 4, requires_grad=True)
    logits = (real * weights).sum((1, 2, 3))
    assert_close(r1_penalty(real, logits), weights.square().sum())


def test_area_levels_keep_the_mean_of_the_image() -> None:
    image = torch.randn(2, 1, 32, 32)
    for level in area_pyramid(image, (8, 16, 32)):
        assert_close(level.mean((1, 2, 3)), image.mean((1, 2, 3)), atol=1e-6, rtol=1e-5)


def test_r1_of_levels_judged_together_is_the_sum_over_them() -> None:
    weights = [torch.randn(1, 3, side, side) for side in (4, 8)]
    real = [torch.randn(5, 3, side, side, requires_grad=True) for side in (4, 8)]
    logits = torch.stack([(r * w).sum((1, 2, 3)) for r, w in zip(real, weights, strict=True)]).sum(
        0
    )
    expected = torch.stack([w.square().sum() for w in weights]).sum()
    assert_close(r1_penalty(real, logits), expected)
