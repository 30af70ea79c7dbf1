"""Instance normalisation without parameters, of any number of channels.

Instance Normalization: The Missing Ingredient for Fast Stylization (Ulyanov et al., 2016).
"""

from typing import Any

import torch
from torch import Tensor, nn

EPSILON = 1e-5


class InstanceNorm(nn.Module):
    """Each channel of each image to mean 0 and variance 1. Unlike torch's, it has no width.

    Torch's own copies images whose channels are last in memory.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to the same."""
        if torch.is_grad_enabled() and x.requires_grad:
            y: Tensor = _Normalise.apply(x)[0]  # type: ignore[no-untyped-call]  # torch's own
            return y
        return _normalise(x)[0]


def _normalise(x: Tensor) -> tuple[Tensor, Tensor]:
    """The normalised images, and what they were scaled by, (n, c, 1, 1)."""
    centred = x - x.mean((2, 3), keepdim=True)
    variance = (centred * centred).mean((2, 3), keepdim=True)
    scale = torch.rsqrt(variance + EPSILON)
    return centred.mul_(scale), scale


class _Normalise(torch.autograd.Function):
    """The same with its gradient: half the memory and time of a gradient step by step.

    The scale is a result too, so that the gradient can itself be differentiated.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> tuple[Tensor, Tensor]:
        y, scale = _normalise(x)
        ctx.save_for_backward(y, scale)
        ctx.set_materialize_grads(False)
        return y, scale

    @staticmethod
    def backward(ctx: Any, gradient: Tensor | None, of_scale: Tensor | None) -> Tensor | None:
        y, scale = ctx.saved_tensors
        found = None
        if gradient is not None:
            along = (gradient * y).mean((2, 3), keepdim=True)
            centred = gradient - gradient.mean((2, 3), keepdim=True)
            found = centred.addcmul_(y, along, value=-1).mul_(scale)
        if of_scale is not None:  # when a gradient is differentiated
            pixels = y.shape[2] * y.shape[3]
            by_scale = y * (of_scale * scale.square() / -pixels)
            found = by_scale if found is None else found + by_scale
        return found
