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
        self,
        inputs: int,
        outputs: int,
        *,
        bias: float = 0.0,
        rate: float = 1.0,
        lrelu: bool = False,
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


class EqualizedWeight(nn.Module):
    """A convolution's weight, divided in use by the square root of its fan-in."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.scale = 1 / math.sqrt(inputs * kernel * kernel)

    def forward(self) -> Tensor:
        """(outputs, inputs, kernel, kernel), as the convolution takes it."""
        return self.weight * self.scale


class ChannelBias(nn.Module):
    """A bias kept apart from its convolution, as the published state dicts have it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))
