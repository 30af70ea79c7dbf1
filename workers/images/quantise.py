"""The one way from float images to uint8 and back, used for real and generated images alike."""

import torch
from torch import Tensor

QUANTISER = "floor(127.5x+128)"  # the name that FID protocols carry


def to_uint8(images: Tensor) -> Tensor:
    """Nearest of 256 levels; -1 becomes 0, 1 becomes 255, what lies outside is clipped.

    The images must be finite: NaN has no level, and the conversion would invent one.
    """
    return images.float().mul(127.5).add_(128.0).clamp_(0.0, 255.0).to(torch.uint8)


def from_uint8(images: Tensor) -> Tensor:
    """Float32 in [-1, 1]; `to_uint8` gives the same levels back."""
    return images.float().div_(127.5).sub_(1.0)
