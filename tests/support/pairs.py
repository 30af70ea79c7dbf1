"""Images to train on, where what is learnt does not matter."""

from pathlib import Path

import numpy as np
from PIL import Image

COUNT = 20
SIDE = 16  # pixels


def write_pairs(folder: Path) -> Path:
    """A new folder of pairs, `A` and `B`, of noise; the folder."""
    rng = np.random.default_rng(0)
    for side in ("A", "B"):
        (folder / side).mkdir(parents=True)
        for i in range(COUNT):
            pixels = rng.integers(256, size=(SIDE, SIDE), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / side / f"{i:02}.png")
    return folder
