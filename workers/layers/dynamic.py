"""Convolutions whose first channels work without the rest: the inputs that come, the outputs asked.

Each is the layer of torch whose name it extends, so an ordinary checkpoint loads into it by name,
and without an argument it runs in full. Slices are views: a narrow run copies no weights.
"""

import torch.nn.functional as F
from torch import Tensor, nn


class DynamicConv2d(nn.Conv2d):
    """A convolution of the first input channels to the first output channels."""

    def forward(self, x: Tensor, outputs: int | None = None) -> Tensor:
        """(n, c, h, w) with c at most the layer's inputs, to (n, outputs, h', w')."""
        weight = self.weight[:outputs, : x.shape[1]]  # (o, c, k, k)
        bias = None if self.bias is None else self.bias[:outputs]
        return F.conv2d(x, weight, bias, self.stride, self.padding)


class DynamicConvTranspose2d(nn.ConvTranspose2d):
    """A transposed convolution of the first input channels to the first output channels."""

    def forward(self, x: Tensor, outputs: int | None = None) -> Tensor:  # type: ignore[override]
        """(n, c, h, w) with c at most the layer's inputs, to (n, outputs, h', w')."""
        weight = self.weight[: x.shape[1], :outputs]  # (c, o, k, k): the other way round
        bias = None if self.bias is None else self.bias[:outputs]
        return F.conv_transpose2d(
            x,
            weight,
            bias,
            self.stride,
            self.padding,  # type: ignore[arg-type]  # a string for ordinary convolutions only
            self.output_padding,
        )


class DynamicDepthwiseConv2d(nn.Conv2d):
    """A filter per channel; the channels that come are filtered, the others' filters rest."""

    def __init__(self, channels: int, kernel: int, *, padding: int = 0) -> None:
        super().__init__(channels, channels, kernel, padding=padding, groups=channels)

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to (n, c, h', w')."""
        active = x.shape[1]
        bias = None if self.bias is None else self.bias[:active]
        weight = self.weight[:active]  # (c, 1, k, k)
        return F.conv2d(x, weight, bias, self.stride, self.padding, groups=active)
