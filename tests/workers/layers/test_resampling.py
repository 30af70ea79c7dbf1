import pytest
import torch
from torch.testing import assert_close

from workers.layers.resampling import Blur, Upsample, binomial_kernel


@pytest.mark.parametrize("gain", [1.0, 4.0])
def test_the_kernel_sums_to_its_gain_and_is_symmetric(gain: float) -> None:
    kernel = binomial_kernel(gain)
    assert_close(kernel.sum(), torch.tensor(gain))
    assert_close(kernel, kernel.flip(0))
    assert_close(kernel, kernel.t())


def test_a_flat_image_stays_flat_inside() -> None:
    flat = torch.full((1, 3, 8, 8), 0.7)
    assert_close(Blur(padding=1)(flat)[..., 1:-1, 1:-1], torch.full((1, 3, 5, 5), 0.7))
    assert_close(Upsample()(flat)[..., 2:-2, 2:-2], torch.full((1, 3, 12, 12), 0.7))


def test_upsampling_is_zeros_between_the_pixels_then_the_blur() -> None:
    x = torch.randn(2, 3, 5, 5)
    zeros = torch.zeros(2, 3, 11, 11)  # one more zero at each top and left edge than below
    zeros[..., 1::2, 1::2] = x
    assert_close(Upsample()(x), Blur(padding=1, gain=4.0)(zeros)[..., :10, :10])


def test_channels_do_not_mix() -> None:
    x = torch.zeros(1, 2, 6, 6)
    x[:, 0] = 1
    assert Blur(padding=2)(x)[:, 1].abs().max() == 0
