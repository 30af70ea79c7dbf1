"""Several PatchGANs, each on an image half the size of the one before, with all their features.

High-Resolution Image Synthesis with Conditional GANs (Wang et al., 2018), section 3.2, in the form
of Semantic Image Synthesis with SPADE (Park et al., 2019), appendix A.
"""

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from search_service.errors import InvalidInput
from workers.layers.initialisation import initialise_xavier
from workers.layers.normalisation import InstanceNorm
from workers.layers.spectral import with_spectral_norm

KERNEL, PADDING = 4, 2
SLOPE = 0.2  # of leaky ReLU
WIDEST = 512


class MultiScaleDiscriminator(nn.Module):
    """`scales` networks of `layers` hidden convolutions; pairs are joined along the channels.

    `spectral`: the convolutions with a norm behind them are spectrally normalised, as published.
    """

    def __init__(
        self,
        input_channels: int,
        *,
        base_channels: int = 64,
        layers: int = 4,
        scales: int = 2,
        spectral: bool = True,
    ) -> None:
        super().__init__()
        self.input_channels, self.scales = input_channels, scales
        for i in range(scales):
            scale = _Scale(input_channels, base_channels, layers, spectral=spectral)
            self.add_module(f"discriminator_{i}", scale)

    def forward(self, images: Tensor) -> list[list[Tensor]]:
        """(n, input_channels, h, w) to one list per scale, largest first: the output of every
        layer, the logits (n, 1, h', w') last.

        Raises InvalidInput for other channels, or a side too small for the scales.
        """
        smallest = 2**self.scales  # leaves 2x2 where the last scale's first norm is
        if images.shape[1] != self.input_channels or min(images.shape[2:]) < smallest:
            raise InvalidInput(
                f"a discriminator of {self.scales} scales takes (n, {self.input_channels}, h, w) "
                f"with sides from {smallest}, got {tuple(images.shape)}"
            )
        x = images.contiguous()  # channels last in memory are slower here
        outputs = []
        for i, scale in enumerate(self.children()):
            x = _halved(x) if i else x
            outputs.append(scale(x))
        return outputs


def _halved(images: Tensor) -> Tensor:
    """At the border the average is over the pixels that are there, as published."""
    return F.avg_pool2d(images, 3, stride=2, padding=1, count_include_pad=False)


class _Scale(nn.Module):
    """Stages by name, `model0` first; each is a convolution with what follows it."""

    def __init__(
        self, input_channels: int, base_channels: int, layers: int, *, spectral: bool
    ) -> None:
        super().__init__()
        widths = [min(base_channels * 2**i, WIDEST) for i in range(layers)]
        first = _convolution(input_channels, widths[0], stride=2)
        stages = [nn.Sequential(first, nn.LeakyReLU(SLOPE))]
        for i, (inputs, outputs) in enumerate(pairwise(widths), start=1):
            # A bias would be taken away by the norm.
            hidden = _convolution(inputs, outputs, stride=1 if i == layers - 1 else 2, bias=False)
            normalised = with_spectral_norm(hidden) if spectral else hidden
            with_norm = nn.Sequential(normalised, InstanceNorm())
            stages.append(nn.Sequential(with_norm, nn.LeakyReLU(SLOPE)))
        stages.append(nn.Sequential(_convolution(widths[-1], 1, stride=1)))
        for i, stage in enumerate(stages):
            self.add_module(f"model{i}", stage)

    def forward(self, x: Tensor) -> list[Tensor]:
        """(n, c, h, w) to every stage's output."""
        outputs = []
        for stage in self.children():
            x = stage(x)
            outputs.append(x)
        return outputs


def _convolution(inputs: int, outputs: int, *, stride: int, bias: bool = True) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, KERNEL, stride=stride, padding=PADDING, bias=bias)
    initialise_xavier(layer)
    return layer
