"""`dssim`: structural dissimilarity, (1 - SSIM) / 2, to the photographs that belong to the inputs.

Image Quality Assessment: From Error Visibility to Structural Similarity (Wang et al., 2004),
equation 13, with the Gaussian window of its section III-C: only windows that lie within the image,
and the mean over channels.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

NAME = "dssim"
SIDE, DEVIATION = 11, 1.5  # of the window, in pixels
K1, K2 = 0.01, 0.03
C1, C2 = K1**2, K2**2  # the levels' range is 1
WINDOW = f"gaussian-{SIDE}-{DEVIATION}"  # the name that protocols carry
CHUNK = 1 << 20  # pixels at a time: bounds the memory, not the result


def dissimilarities(a: Tensor, b: Tensor) -> NDArray[np.float64]:
    """Of uint8 images (n, c, h, w), one for each pair, from 0 for equal ones to 1."""
    return (1.0 - similarities(a, b)) / 2.0


def similarities(a: Tensor, b: Tensor) -> NDArray[np.float64]:
    """SSIM of uint8 images (n, c, h, w), sides of at least SIDE, one for each pair; 1 if equal."""
    count = max(1, CHUNK // a[:1].numel())
    parts = zip(torch.split(a, count), torch.split(b, count), strict=True)
    return np.concatenate([_similarities(one, other).numpy() for one, other in parts])


def _similarities(a: Tensor, b: Tensor) -> Tensor:
    x, y = (_planes(images) for images in (a, b))
    mean_x, mean_y = _blurred(x), _blurred(y)
    variance_x = _blurred(x * x) - mean_x * mean_x
    variance_y = _blurred(y * y) - mean_y * mean_y
    covariance = _blurred(x * y) - mean_x * mean_y
    likeness = (2 * mean_x * mean_y + C1) * (2 * covariance + C2)
    scale = (mean_x * mean_x + mean_y * mean_y + C1) * (variance_x + variance_y + C2)
    return (likeness / scale).mean(dim=(1, 2, 3)).view(len(a), -1).mean(dim=1)


def _planes(images: Tensor) -> Tensor:
    """(n·c, 1, h, w) in [0, 1]."""
    return images.to(torch.float64).div_(255.0).flatten(0, 1)[:, None]


def _blurred(planes: Tensor) -> Tensor:
    offsets = torch.arange(SIDE, dtype=torch.float64) - SIDE // 2
    weights = torch.exp(-0.5 * (offsets / DEVIATION) ** 2)
    weights /= weights.sum()
    down = F.conv2d(planes, weights.view(1, 1, SIDE, 1))
    return F.conv2d(down, weights.view(1, 1, 1, SIDE))
