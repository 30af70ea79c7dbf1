"""Separable convolutions with a norm between their parts, plain and at any width.

MobileNets (Howard et al., 2017), section 3.1, with an instance norm and no activation inside, as
the generators of GAN Compression have them.
"""

from torch import Tensor, nn

from workers.layers.dynamic import DynamicConv2d, DynamicDepthwiseConv2d
from workers.layers.normalisation import InstanceNorm


class SeparableConv2d(nn.Module):
    """A filter per channel, an instance norm, then a 1x1 convolution across channels."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, padding: int = 0) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(inputs, inputs, kernel, padding=padding, groups=inputs),
            InstanceNorm(),
            nn.Conv2d(inputs, outputs, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h', w')."""
        y: Tensor = self.conv(x)
        return y


class DynamicSeparableConv2d(nn.Module):
    """The same at the width of its input, to the first `outputs` channels."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, padding: int = 0) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            DynamicDepthwiseConv2d(inputs, kernel, padding=padding),
            InstanceNorm(),
            DynamicConv2d(inputs, outputs, 1),
        )

    def forward(self, x: Tensor, outputs: int | None = None) -> Tensor:
        """(n, c, h, w) to (n, outputs, h', w')."""
        depthwise, norm, pointwise = self.conv
        y: Tensor = pointwise(norm(depthwise(x)), outputs)
        return y
