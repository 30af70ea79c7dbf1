import numpy as np
import pytest
import torch
from torch import nn

from search_service.domain.space import Architecture
from workers.evaluators.image_maker import ImageMaker
from workers.evaluators.inputs import LatentInputs
from workers.evaluators.judge import ImageJudge
from workers.evaluators.teacher_distance import TeacherDistance, mean_absolute_differences


def test_the_distance_is_the_mean_of_the_levels_between() -> None:
    black = torch.zeros(2, 3, 4, 5, dtype=torch.uint8)
    assert mean_absolute_differences(black, black).tolist() == [0.0, 0.0]
    assert mean_absolute_differences(black + 255, black).tolist() == [1.0, 1.0]
    half = black.clone()
    half[1, :, :2] = 51
    assert mean_absolute_differences(half, black) == pytest.approx([0.0, 0.1])


@pytest.fixture
def judge(supernet: nn.Module, large: Architecture) -> ImageJudge:
    maker = ImageMaker(supernet, inputs=LatentInputs(4), side=32)
    return ImageJudge(maker, [TeacherDistance(maker, large)])


def test_the_teacher_is_no_distance_from_itself(judge: ImageJudge, large: Architecture) -> None:
    estimate = judge.measure("teacher_distance", large, samples=8, seed=0).estimate
    assert (estimate.value, estimate.low, estimate.high) == (0.0, 0.0, 0.0)


def test_a_subnet_is_compared_on_the_same_inputs(
    judge: ImageJudge, supernet: nn.Module, large: Architecture
) -> None:
    fainter = Architecture(options=(32, 0.4), text="32:0.4")
    estimate = judge.measure("teacher_distance", fainter, samples=40, seed=3).estimate
    maker = ImageMaker(supernet, inputs=LatentInputs(4), side=32)
    apart = mean_absolute_differences(maker.shard(fainter, 3, 0), maker.shard(large, 3, 0))
    assert estimate.value == pytest.approx(np.mean(apart[:40]), rel=1e-12)
    assert estimate.low < estimate.value < estimate.high


def test_the_teachers_images_are_made_once(
    judge: ImageJudge, supernet: nn.Module, large: Architecture
) -> None:
    for number in range(3):
        subnet = Architecture(options=(32, number), text=f"32:{number}")
        judge.measure("teacher_distance", subnet, samples=8, seed=0)
    assert supernet.made == (3 + 1) * 128


def test_the_protocol_says_who_the_teacher_is(judge: ImageJudge) -> None:
    assert judge.protocol("teacher_distance")["teacher"] == "32:0.5"
