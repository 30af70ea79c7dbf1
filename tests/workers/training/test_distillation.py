import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from workers.training.distillation import (
    Projections,
    feature_distance,
    mapped_channels,
    mapped_layers,
)


def test_a_narrow_student_meets_the_first_weights() -> None:
    projections = Projections({"model.9": (8, 5)})
    (layer,) = projections.layers
    features = torch.randn(2, 3, 4, 4)
    expected = F.conv2d(features, layer.weight[:, :3], layer.bias)  # type: ignore[index, arg-type]
    assert_close(projections({"model.9": features})["model.9"], expected)
    torch.autograd.backward(projections({"model.9": features})["model.9"].sum())
    gradient = layer.weight.grad
    assert isinstance(gradient, torch.Tensor)
    assert gradient[:, :3].any()
    assert not gradient[:, 3:].any()


def test_the_distance_is_the_sum_over_layers() -> None:
    student, teacher = ({name: torch.randn(2, 3, 4, 4) for name in "ab"} for _ in range(2))
    expected = F.mse_loss(student["a"], teacher["a"]) + F.mse_loss(student["b"], teacher["b"])
    assert_close(feature_distance(student, teacher), expected)
    assert feature_distance(teacher, teacher) == 0


def test_channels_are_those_of_both_sides() -> None:
    student, teacher = {"a": torch.zeros(1, 3, 2, 2)}, {"a": torch.zeros(1, 7, 2, 2)}
    assert mapped_channels(student, teacher) == {"a": (3, 7)}


@pytest.mark.parametrize(
    ("blocks", "places"),
    [(9, (9, 12, 15, 18)), (6, (9, 11, 13, 15)), (1, (9, 10)), (4, (9, 11, 12, 13))],
)
def test_the_mapped_layers_end_the_encoder_and_each_group(
    blocks: int, places: tuple[int, ...]
) -> None:
    assert mapped_layers(blocks) == tuple(f"model.{place}" for place in places)
