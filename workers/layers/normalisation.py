"""Instance normalisation without parameters, of any number of channels.

Instance Normalization: The Missing Ingredient for Fast Stylization (Ulyanov et al., 2016).
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

EPSILON = 1e-5


class InstanceNorm(nn.Module):
    """Each channel of each image to mean 0 and variance 1. Unlike torch's, it has no width.

    Torch's own copies images whose channels are last in memory. It cannot be differentiated twice.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to the same."""
        if torch.is_grad_enabled() and x.requires_grad:
            y: Tensor = _Normalise.apply(x)  # type: ignore[no-untyped-call]  # torch's own
            return y
        return _normalise(x)[0]


def _normalise(x: Tensor) -> tuple[Tensor, Tensor]:
    """The normalised images, and what they were scaled by, (n, c, 1, 1)."""
    centred = x - x.mean((2, 3), keepdim=True)
    variance = (centred * centred).mean((2, 3), keepdim=True)
    scale = torch.rsqrt(variance + EPSILON)
    return centred.mul_(scale), scale


class _Normalise(torch.autograd.Function):
    """The same with its gradient: half the memory and time of a gradient step by step."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        y, scale = _normalise(x)
        ctx.save_for_backward(y, scale)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        y, scale = ctx.saved_tensors
        along = (gradient * y).mean((2, 3), keepdim=True)
        centred = gradient - gradient.mean((2, 3), keepdim=True)
        return centred.addcmul_(y, along, value=-1).mul_(scale)
