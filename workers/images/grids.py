"""Image grids for a person to look at, and their PNG bytes."""

import io
from math import ceil

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Uint8 = NDArray[np.uint8]


def grid(images: Uint8, columns: int) -> Uint8:
    """Images (n, c, h, w) row by row into one (rows·h, columns·w, c); empty cells are black."""
    count, channels, height, width = images.shape
    rows = ceil(count / columns)
    cells = np.zeros((rows * columns, channels, height, width), np.uint8)
    cells[:count] = images
    cells = cells.reshape(rows, columns, channels, height, width)
    return cells.transpose(0, 3, 1, 4, 2).reshape(rows * height, columns * width, channels)


def png(pixels: Uint8) -> bytes:
    """One image (h, w, c), c of 1 or 3, as PNG; equal pixels give equal bytes."""
    flat = pixels[:, :, 0] if pixels.shape[2] == 1 else pixels
    buffer = io.BytesIO()
    Image.fromarray(flat).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()
