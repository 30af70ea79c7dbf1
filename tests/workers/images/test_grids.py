import io

import numpy as np
import pytest
from PIL import Image

from workers.images import grid, png


def test_images_fill_rows_from_the_left_and_the_rest_is_black() -> None:
    images = (
        np.full((5, 1, 2, 3), 0, np.uint8) + np.arange(1, 6, dtype=np.uint8)[:, None, None, None]
    )
    made = grid(images, columns=3)
    assert made.shape == (4, 9, 1)
    assert made[::2, ::3, 0].tolist() == [[1, 2, 3], [4, 5, 0]]


@pytest.mark.parametrize("channels", [1, 3])
def test_png_gives_the_pixels_back(channels: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 6, channels), np.uint8)
    read = np.asarray(Image.open(io.BytesIO(png(pixels))))
    assert (read.reshape(pixels.shape) == pixels).all()
