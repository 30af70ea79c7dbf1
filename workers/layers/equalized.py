"""Layers with an equalised learning rate: weights are stored at unit scale, used divided by it.

Progressive Growing of GANs (Karras et al., 2018), section 4.1.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LEAK = 0.2
GAIN = math.sqrt(2)  # makes up for what the leaky relu takes from the variance


class EqualizedLinear(nn.Module):
    """x @ (weight * m / sqrt(inputs)) + bias * m, with m the learning-rate multiplier."""

    def __init__(
        self, inputs: int, outputs: int, *, bias: float = 0.0, rate: float = 1.0, lrelu: bool = False
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), bias))
        self.rate, self.lrelu = rate, lrelu

    def forward(self, x: Tensor, outputs: int | None = None) -> Tensor:
        """(n, inputs) to (n, outputs); a smaller `outputs` takes the first ones."""
        weight = self.weight[:outputs] * (self.rate / math.sqrt(self.weight.shape[1]))
        bias = self.bias[:outputs] * self.rate
        if not self.lrelu:
            return F.linear(x, weight, bias)
        return F.leaky_relu(F.linear(x, weight, bias), LEAK) * GAIN


class EqualizedConv2d(nn.Module):
    """A convolution without bias, weight divided by the square root of its fan-in."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, padding: int = 0
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.scale = 1 / math.sqrt(inputs * kernel * kernel)
        self.stride, self.padding = stride, padding

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h', w')."""
        weight = self.weight * self.scale
        return F.conv2d(x, weight, stride=self.stride, padding=self.padding)


class BiasedLeakyRelu(nn.Module):
    """sqrt(2) * leaky_relu(x + bias); the bias lives here because the convolutions have none."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, …) to the same shape."""
        bias = self.bias.to(x.dtype).view(1, -1, *([1] * (x.ndim - 2)))
        return F.leaky_relu(x + bias, LEAK) * GAIN
