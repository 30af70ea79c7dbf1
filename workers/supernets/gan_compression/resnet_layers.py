"""The layers of a residual generator, in the order and under the names of the published ones."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from search_service.spaces.gan_compression.resnet_channels import ResnetChannels
from workers.layers.dynamic import DynamicConv2d, DynamicConvTranspose2d
from workers.layers.image_conv import ImageConv2d
from workers.layers.normalisation import InstanceNorm
from workers.supernets.gan_compression.resnet_block import DynamicResidualBlock, ResidualBlock

FIRST_BLOCK = 10  # the place of the first residual block


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The layers that have weights: plain ones, or ones that run at any width."""

    convolution: type[nn.Conv2d]
    transposed: type[nn.ConvTranspose2d]
    block: Callable[[int, int], nn.Module]


PLAIN = Parts(convolution=nn.Conv2d, transposed=nn.ConvTranspose2d, block=ResidualBlock)
DENSE = Parts(
    convolution=nn.Conv2d,
    transposed=nn.ConvTranspose2d,
    block=lambda outer, hidden: ResidualBlock(outer, hidden, dense=True),
)
DYNAMIC = Parts(
    convolution=DynamicConv2d, transposed=DynamicConvTranspose2d, block=DynamicResidualBlock
)


def resnet_layers(
    channels: ResnetChannels, parts: Parts, *, input_channels: int, output_channels: int
) -> nn.Sequential:
    """Two downward steps, the blocks, two upward steps; images in and out lie in [-1, 1]."""
    c = channels
    return nn.Sequential(
        nn.ReflectionPad2d(3),
        *_with_norm(parts.convolution(input_channels, c.stem, 7)),
        *_with_norm(parts.convolution(c.stem, c.down1, 3, stride=2, padding=1)),
        *_with_norm(parts.convolution(c.down1, c.down2, 3, stride=2, padding=1)),
        *(parts.block(c.down2, hidden) for hidden in c.hidden),
        *_with_norm(_upward(parts, c.down2, c.up1)),
        *_with_norm(_upward(parts, c.up1, c.up2)),
        nn.ReflectionPad2d(3),
        ImageConv2d(c.up2, output_channels, 7),
        nn.Tanh(),
    )


def _with_norm(convolution: nn.Module) -> tuple[nn.Module, ...]:
    return convolution, InstanceNorm(), nn.ReLU()


def _upward(parts: Parts, inputs: int, outputs: int) -> nn.Module:
    return parts.transposed(inputs, outputs, 3, stride=2, padding=1, output_padding=1)


def active_widths(channels: ResnetChannels) -> dict[int, int]:
    """By place: the width that a dynamic layer is run at (a residual block's hidden width)."""
    c, after = channels, FIRST_BLOCK + len(channels.hidden)
    blocks = {FIRST_BLOCK + i: hidden for i, hidden in enumerate(c.hidden)}
    upward = {after: c.up1, after + 3: c.up2}
    return {1: c.stem, 4: c.down1, 7: c.down2, **blocks, **upward}
