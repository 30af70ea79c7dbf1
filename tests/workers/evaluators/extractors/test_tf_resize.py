import math

import pytest
import torch

from workers.evaluators.extractors.tf_resize import tf_bilinear


def test_pixels_lie_at_the_left_edges_and_the_last_one_repeats() -> None:
    line = torch.tensor([0.0, 8.0]).expand(1, 1, 2, 2)
    assert tf_bilinear(line, 4)[0, 0, 0].tolist() == [0.0, 4.0, 8.0, 8.0]


@pytest.mark.parametrize(("height", "width", "side"), [(3, 5, 7), (8, 4, 3), (6, 6, 6)])
def test_it_is_the_definition_pixel_by_pixel(height: int, width: int, side: int) -> None:
    images = torch.randn(2, 3, height, width)
    found = tf_bilinear(images, side)
    for i in range(side):
        for j in range(side):
            y, x = i * height / side, j * width / side
            top, left = math.floor(y), math.floor(x)
            bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
            above = images[..., top, left] * (1 - (x - left)) + images[..., top, right] * (x - left)
            below = images[..., bottom, left] * (1 - (x - left)) + images[..., bottom, right] * (
                x - left
            )
            expected = above * (1 - (y - top)) + below * (y - top)
            torch.testing.assert_close(found[..., i, j], expected, rtol=1e-4, atol=1e-5)
