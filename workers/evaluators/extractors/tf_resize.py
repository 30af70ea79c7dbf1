"""Bilinear resizing as TensorFlow 1 did it: no half-pixel centres, no filter against aliasing."""

import torch
from torch import Tensor

TF_BILINEAR = "tf1-bilinear"  # the name that protocols carry


def tf_bilinear(images: Tensor, side: int) -> Tensor:
    """Float images (n, c, h, w) to (n, c, side, side).

    Pixel i of the result lies at i·h/side of the source, between two of its pixels; beyond the last
    one it is that one.
    """
    rows, columns = (_weights(size, side).to(images) for size in images.shape[-2:])
    return rows @ images @ columns.T


def _weights(size: int, side: int) -> Tensor:
    """(side, size): each row holds the shares of two neighbouring pixels."""
    places = torch.arange(side, dtype=torch.float32) * (size / side)
    below = places.floor().long().clamp_(max=size - 1)
    above = (below + 1).clamp_(max=size - 1)
    share = places - below
    weights = torch.zeros(side, size)
    lines = torch.arange(side)
    weights[lines, below] += 1.0 - share
    weights[lines, above] += share
    return weights
