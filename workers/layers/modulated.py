"""Convolutions whose input channels are scaled by a style, at any width up to their own.

Analyzing and Improving the Image Quality of StyleGAN (Karras et al., 2020), section 2.2. The
paper scales the weights per sample; scaling the inputs before and the outputs after one common
convolution is equal and needs no copy of the weights.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workers.layers.equalized import GAIN, LEAK, ChannelBias, EqualizedLinear
from workers.layers.resampling import Blur, Upsample
from workers.layers.tracing import is_recorded


class ModulatedConv2d(nn.Module):
    """A 3x3 convolution on styled inputs; `up` doubles the side by a transposed one and a blur."""

    def __init__(self, inputs: int, outputs: int, style_dim: int, *, up: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(1, outputs, inputs, 3, 3))
        self.modulation = EqualizedLinear(style_dim, inputs, bias=1.0)
        if up:
            self.blur = Blur(padding=1, gain=4.0)
        self.up = up
        self.scale = 1 / math.sqrt(inputs * 9)

    def forward(self, x: Tensor, w: Tensor, outputs: int | None = None) -> tuple[Tensor, Tensor]:
        """The convolved image and the factors that bring its channels back to unit variance.

        x (n, c, h, w) with c at most `inputs`; w (n, style_dim). Returns (n, outputs, h', w') and
        (n, outputs). The factors see the active inputs only, so they adapt to the width.
        """
        active = x.shape[1]
        weight = self.weight[0, :outputs, :active]  # (o, c, 3, 3)
        style = self.modulation(w, active) * self.scale  # (n, c)
        energy = style.square() @ weight.square().flatten(2).sum(2).t()  # (n, o)
        x = x * style.to(x.dtype)[:, :, None, None]
        if self.up:
            y = self.blur(F.conv_transpose2d(x, weight.transpose(0, 1).to(x.dtype), stride=2))
        else:
            y = F.conv2d(x, weight.to(x.dtype), padding=1)
        return y, torch.rsqrt(energy + 1e-8)


class NoiseStrength(nn.Module):
    """How strongly one convolution's output is disturbed: a single scalar, 0 at first."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, noise: Tensor) -> Tensor:
        """What is added to the image; noise is (1 or n, 1, h, w)."""
        return self.weight * noise


class StyledConv(nn.Module):
    """Modulated convolution, noise, bias, leaky relu: one layer of the generator."""

    def __init__(self, inputs: int, outputs: int, style_dim: int, *, up: bool = False) -> None:
        super().__init__()
        self.conv = ModulatedConv2d(inputs, outputs, style_dim, up=up)
        self.noise = NoiseStrength()
        self.activate = ChannelBias(outputs)

    def forward(self, x: Tensor, w: Tensor, noise: Tensor, outputs: int | None = None) -> Tensor:
        """(n, c, h, w) to (n, outputs, h', w')."""
        y, factors = self.conv(x, w, outputs)
        bias = self.activate.bias[: y.shape[1], None, None]  # (o, 1, 1)
        shift = bias + self.noise(noise)  # (1 or n, o, h', w')
        # sqrt(2) * leaky_relu(a) = leaky_relu(sqrt(2) * a), so the gain rides on small tensors
        factors, shift = (factors * GAIN).to(y.dtype)[:, :, None, None], (shift * GAIN).to(y.dtype)
        if torch.is_grad_enabled() or is_recorded():
            return F.leaky_relu(y * factors + shift, LEAK, inplace=True)
        # fresh memory for images costs more than the arithmetic, and so does a mixed memory order
        shift = shift.contiguous(memory_format=torch.channels_last)
        return F.leaky_relu(y.mul_(factors).add_(shift), LEAK, inplace=True)


class RgbWeight(nn.Module):
    """The weights of a styled 1x1 convolution to few channels, without demodulation."""

    def __init__(self, inputs: int, outputs: int, style_dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(1, outputs, inputs, 1, 1))
        self.modulation = EqualizedLinear(style_dim, inputs, bias=1.0)
        self.scale = 1 / math.sqrt(inputs)

    def forward(self, w: Tensor, active: int) -> Tensor:
        """A weight per sample, (n, outputs, active): smaller than a scaled copy of the input."""
        style = self.modulation(w, active) * self.scale  # (n, c)
        weight: Tensor = self.weight[0, :, :active, 0, 0] * style[:, None]
        return weight


class ToRgb(nn.Module):
    """A styled 1x1 convolution to the image, added to the upsampled image of the level below."""

    def __init__(self, inputs: int, image_channels: int, style_dim: int, *, skip: bool) -> None:
        super().__init__()
        self.conv = RgbWeight(inputs, image_channels, style_dim)
        self.bias = nn.Parameter(torch.zeros(1, image_channels, 1, 1))
        if skip:
            self.upsample = Upsample()

    def forward(self, x: Tensor, w: Tensor, below: Tensor | None = None) -> Tensor:
        """(n, c, h, w) to (n, image_channels, h, w); `below` is (n, image_channels, h/2, w/2)."""
        n, active, height, width = x.shape
        weight = self.conv(w, active)  # (n, rgb, c)
        pixels = x.permute(0, 2, 3, 1).reshape(n, height * width, active)
        rgb = torch.bmm(pixels, weight.transpose(1, 2).to(x.dtype))  # (n, h w, rgb)
        rgb = rgb.view(n, height, width, -1).permute(0, 3, 1, 2) + self.bias.to(rgb.dtype)
        return rgb if below is None else rgb + self.upsample(below)
