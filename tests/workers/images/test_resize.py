import pytest
import torch
from torch.testing import assert_close

from workers.images import upsample


def test_a_ramp_stays_a_ramp_with_half_pixel_centres() -> None:
    small = (torch.arange(8.0) + 0.5).expand(1, 1, 8, 8)
    large = upsample(small, 16)
    expected = ((torch.arange(16.0) + 0.5) / 2).clamp(0.5, 7.5)  # the outermost are replicated
    assert_close(large, expected.expand(1, 1, 16, 16))


def test_images_of_the_full_side_are_not_touched() -> None:
    images = torch.rand(2, 3, 16, 16)
    assert upsample(images, 16) is images


def test_it_does_not_shrink() -> None:
    with pytest.raises(AssertionError, match="cannot bring 32x32 up to 16"):
        upsample(torch.zeros(1, 1, 32, 32), 16)
