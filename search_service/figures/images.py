"""Images cut out of a grid."""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Uint8 = NDArray[np.uint8]


def first_images(png: bytes, *, rows: int, count: int) -> Sequence[Uint8]:
    """The first `count` images (h, w, 3) of a PNG of `rows` rows and as many columns."""
    picture = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
    height, width = picture.shape[0] // rows, picture.shape[1] // rows
    places = [divmod(index, rows) for index in range(min(count, rows * rows))]
    return [picture[y * height : (y + 1) * height, x * width : (x + 1) * width] for y, x in places]
