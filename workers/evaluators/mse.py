"""`mse`: how far images are from the photographs that belong to their inputs, pixel by pixel.

The PSNR in dB is -10·log10 of it, so that the least error is the highest PSNR.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

NAME = "mse"


def mean_squared_errors(a: Tensor, b: Tensor) -> NDArray[np.float64]:
    """Of uint8 images (n, c, h, w), one for each pair; the 256 levels are numbers in [0, 1]."""
    difference = a.to(torch.float64).sub_(b).div_(255.0)
    errors: NDArray[np.float64] = difference.square_().mean(dim=(1, 2, 3)).numpy()
    return errors
