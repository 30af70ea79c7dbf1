import math

import numpy as np
import pytest
import torch

from workers.evaluators.mse import mean_squared_errors


def test_equal_images_have_no_error_and_opposite_ones_all_of_it() -> None:
    black = torch.zeros(2, 3, 4, 5, dtype=torch.uint8)
    assert mean_squared_errors(black, black).tolist() == [0.0, 0.0]
    assert mean_squared_errors(black, black + 255).tolist() == [1.0, 1.0]


def test_a_constant_shift_gives_the_published_psnr() -> None:
    a = torch.full((1, 1, 4, 4), 100, dtype=torch.uint8)
    (error,) = mean_squared_errors(a, a + 16)
    assert -10 * math.log10(error) == pytest.approx(20 * math.log10(255 / 16), rel=1e-12)


def test_each_image_has_the_mean_of_its_own_squares() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(256, size=(2, 5, 3, 6, 4), dtype=np.uint8)
    expected = (((a.astype(float) - b) / 255) ** 2).mean(axis=(1, 2, 3))
    found = mean_squared_errors(torch.from_numpy(a), torch.from_numpy(b))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
