"""A residual generator of fixed widths: a teacher, a mobile generator, a subnet on its own."""

from collections.abc import Collection

import torch
from torch import Tensor, nn

from search_service.errors import InvalidInput
from search_service.spaces.gan_compression import GanCompressionParameters
from search_service.spaces.gan_compression.resnet_channels import ResnetChannels, uniform_channels
from workers.layers.initialisation import initialise_normal
from workers.supernets.gan_compression.batches import run_in_parts
from workers.supernets.gan_compression.resnet_layers import DENSE, PLAIN, resnet_layers
from workers.supernets.gan_compression.taps import Tapped, run_with_taps, tap_channels


class ResnetGenerator(nn.Module):
    """`dense`: 3x3 convolutions in the residual blocks, where there are separable ones otherwise.

    `clamp`: what lies outside [-1, 1] is cut off first; the published mobile generator alone
    takes images as they come.
    """

    def __init__(
        self,
        channels: ResnetChannels,
        *,
        input_channels: int = 3,
        output_channels: int = 3,
        dense: bool = False,
        clamp: bool = True,
    ) -> None:
        super().__init__()
        self.channels = channels
        self.input_channels, self.output_channels = input_channels, output_channels
        self.dense, self.clamp = dense, clamp
        self.model = resnet_layers(
            channels,
            DENSE if dense else PLAIN,
            input_channels=input_channels,
            output_channels=output_channels,
        )
        initialise_normal(self)

    def forward(self, x: Tensor) -> Tensor:
        """Images (n, input_channels, h, w) to (n, output_channels, h, w), both in [-1, 1]."""
        images = prepare(x, self.input_channels, clamp=self.clamp)
        return run_in_parts(self.model, images, max(self.channels.stem, self.channels.up2))

    def features(self, x: Tensor, taps: Collection[str] = ()) -> Tapped:
        """The image as `forward` gives it, and the outputs of the layers in `taps` by name.

        Raises InvalidInput for a tap that does not exist, before anything is computed.
        """
        images = prepare(x, self.input_channels, clamp=self.clamp)
        return run_with_taps(self.model, images, {}, taps)

    def tap_channels(self, tap: str) -> int:
        """The channels of what a tap gives. Raises InvalidInput for one that does not exist."""
        return tap_channels(tap, self.model)


def prepare(x: Tensor, input_channels: int, *, clamp: bool) -> Tensor:
    """Images as the first layer takes them, channels last in memory: the layers run faster so.

    Raises InvalidInput for another number of channels, or sides that two halvings do not divide.
    """
    sides = x.shape[2:]
    if x.ndim != 4 or x.shape[1] != input_channels or any(s < 8 or s % 4 for s in sides):
        raise InvalidInput(
            f"images must be (n, {input_channels}, h, w) with sides that are multiples of 4, "
            f"at least 8, got {tuple(x.shape)}"
        )
    x = x.contiguous(memory_format=torch.channels_last)
    return x.clamp(-1, 1) if clamp else x


def dense_teacher(parameters: GanCompressionParameters) -> ResnetGenerator:
    """The published teacher (`resnet_9blocks` for 9 blocks), with fresh random weights."""
    return ResnetGenerator(
        uniform_channels(parameters.base_channels, parameters.blocks),
        input_channels=parameters.input_channels,
        output_channels=parameters.output_channels,
        dense=True,
    )


def mobile_generator(parameters: GanCompressionParameters) -> ResnetGenerator:
    """The published separable generator (`mobile_resnet_9blocks`), which does not clamp."""
    return ResnetGenerator(
        uniform_channels(parameters.base_channels, parameters.blocks),
        input_channels=parameters.input_channels,
        output_channels=parameters.output_channels,
        clamp=False,
    )
