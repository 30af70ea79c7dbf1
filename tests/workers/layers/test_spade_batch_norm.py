import pytest
import torch
from torch import nn
from torch.testing import assert_close

from workers.layers.spade_batch_norm import MOMENTUM, FullWidthBatchNorm

WIDTH = 6


@pytest.fixture
def norm() -> FullWidthBatchNorm:
    torch.manual_seed(0)
    norm = FullWidthBatchNorm(WIDTH)
    norm.load_state_dict(
        {
            "running_mean": torch.randn(WIDTH),
            "running_var": torch.rand(WIDTH) + 0.5,
            "num_batches_tracked": torch.tensor(0),
        }
    )
    return norm


@pytest.mark.parametrize("training", [True, False])
def test_a_narrow_run_is_a_prefix_of_the_run_padded_with_zeros(
    norm: FullWidthBatchNorm, training: bool
) -> None:
    x, reference = torch.randn(3, 4, 5, 2), nn.BatchNorm2d(WIDTH, affine=False)
    reference.load_state_dict(norm.state_dict())
    padded = torch.cat([x, torch.zeros(3, WIDTH - 4, 5, 2)], 1)
    assert_close(norm.train(training)(x), reference.train(training)(padded)[:, :4])
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert_close(norm.running_mean, reference.running_mean)
    assert_close(norm.running_var, reference.running_var)


def test_statistics_of_channels_that_are_away_go_towards_zero(norm: FullWidthBatchNorm) -> None:
    assert norm.running_var is not None
    before = norm.running_var.clone()
    norm.train()(torch.randn(3, 2, 5, 5))
    assert_close(norm.running_var[2:], before[2:] * (1 - MOMENTUM))


def test_no_batch_is_counted(norm: FullWidthBatchNorm) -> None:
    norm.train()(torch.randn(3, WIDTH, 5, 5))
    assert norm.num_batches_tracked == 0
