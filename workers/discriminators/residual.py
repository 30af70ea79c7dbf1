"""The layers of StyleGAN2's discriminator, each optionally told the generator's architecture.

The nesting of modules gives the state-dict names of the published checkpoints.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workers.layers.conditioning import ArchitectureModulation
from workers.layers.equalized import BiasedLeakyRelu, EqualizedConv2d, EqualizedLinear
from workers.layers.minibatch import append_minibatch_std
from workers.layers.resampling import Blur


class ConvLayer(nn.ModuleList):
    """Blur, convolution, architecture modulation, biased leaky relu; only the second is a must."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        down: bool = False,
        activate: bool = True,
        code_size: int = 0,
    ) -> None:
        layers: list[nn.Module] = []
        if down:
            layers.append(Blur(padding=(kernel + 1) // 2))
            layers.append(EqualizedConv2d(inputs, outputs, kernel, stride=2))
        else:
            layers.append(EqualizedConv2d(inputs, outputs, kernel, padding=kernel // 2))
        if code_size:
            layers.append(ArchitectureModulation(code_size, outputs))
        if activate:
            layers.append(BiasedLeakyRelu(outputs))
        super().__init__(layers)

    def forward(self, x: Tensor, code: Tensor | None = None) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h or h/2, …); `code` is (code_size,)."""
        for layer in self:
            x = layer(x, code) if isinstance(layer, ArchitectureModulation) else layer(x)
        return x


class ResidualBlock(nn.Module):
    """Two convolutions to half the side, beside a linear skip; the sum keeps the variance."""

    def __init__(self, inputs: int, outputs: int, *, code_size: int = 0) -> None:
        super().__init__()
        self.conv1 = ConvLayer(inputs, inputs, 3, code_size=code_size)
        self.conv2 = ConvLayer(inputs, outputs, 3, down=True, code_size=code_size)
        self.skip = ConvLayer(
            inputs, outputs, 1, down=True, activate=False, code_size=code_size
        )

    def forward(self, x: Tensor, code: Tensor | None = None) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h/2, w/2)."""
        main = self.conv2(self.conv1(x, code), code)
        result: Tensor = (main + self.skip(x, code)) / math.sqrt(2)
        return result


class Verdict(nn.Module):
    """The end of every discriminator: from 4x4 features to one logit an image."""

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.final_conv = ConvLayer(features + 1, hidden, 3)
        self.final_linear = nn.Sequential(
            EqualizedLinear(hidden * 16, hidden, lrelu=True), EqualizedLinear(hidden, 1)
        )

    def verdict(self, x: Tensor) -> Tensor:
        """(n, features, 4, 4) to (n, 1)."""
        x = self.final_conv(append_minibatch_std(x))
        logits: Tensor = self.final_linear(x.flatten(1))
        return logits
