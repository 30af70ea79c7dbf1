"""The residual supernet: one separable generator that runs at any of its widths."""

from collections.abc import Collection

import torch
from torch import Tensor, nn

from search_service.domain.space import Architecture
from search_service.spaces.gan_compression import GanCompressionSpace
from search_service.spaces.gan_compression.resnet import ResnetKind
from search_service.spaces.gan_compression.resnet_channels import ResnetChannels, uniform_channels
from workers.layers.initialisation import initialise_normal
from workers.supernets.gan_compression.batches import run_in_parts
from workers.supernets.gan_compression.resnet_generator import ResnetGenerator, prepare
from workers.supernets.gan_compression.resnet_layers import (
    DYNAMIC,
    active_widths,
    resnet_layers,
)
from workers.supernets.gan_compression.taps import Tapped, run_with_taps, tap_channels


class ResnetSupernet(nn.Module):
    """The full-width generator; an architecture is an argument of each call."""

    def __init__(self, space: GanCompressionSpace) -> None:
        super().__init__()
        self._space = space
        parameters = space.parameters
        self.input_channels = parameters.input_channels
        self.output_channels = parameters.output_channels
        self.model = resnet_layers(
            uniform_channels(parameters.base_channels, parameters.blocks),
            DYNAMIC,
            input_channels=self.input_channels,
            output_channels=self.output_channels,
        )
        initialise_normal(self)

    @property
    def space(self) -> GanCompressionSpace:
        """See Supernet."""
        return self._space

    def forward(self, x: Tensor, architecture: Architecture) -> Tensor:
        """Images (n, input_channels, h, w) to (n, output_channels, h, w), both in [-1, 1]."""
        channels = subnet_channels(self._space, architecture)
        widths = active_widths(channels)

        def run(part: Tensor) -> Tensor:
            return run_with_taps(self.model, part, widths, ()).output

        images = prepare(x, self.input_channels, clamp=True)
        return run_in_parts(run, images, max(channels.stem, channels.up2))

    def features(self, x: Tensor, architecture: Architecture, taps: Collection[str] = ()) -> Tapped:
        """The image as `forward` gives it, and the outputs of the layers in `taps` by name.

        Raises InvalidInput for a tap that does not exist, before anything is computed.
        """
        widths = active_widths(subnet_channels(self._space, architecture))
        images = prepare(x, self.input_channels, clamp=True)
        return run_with_taps(self.model, images, widths, taps)

    def tap_channels(self, tap: str) -> int:
        """As of a ResnetGenerator, at full width."""
        return tap_channels(tap, self.model)

    def extract(self, architecture: Architecture) -> ResnetGenerator:
        """See Supernet. The output is bit-equal."""
        subnet = new_subnet(self._space, architecture)
        full = self.state_dict()
        with torch.no_grad():
            for name, tensor in subnet.state_dict().items():
                tensor.copy_(full[name][tuple(slice(size) for size in tensor.shape)])
        return subnet.train(self.training)


def new_subnet(space: GanCompressionSpace, architecture: Architecture) -> ResnetGenerator:
    """A subnet of this architecture with fresh random weights: what a published subnet's file
    loads into."""
    return ResnetGenerator(
        subnet_channels(space, architecture),
        input_channels=space.parameters.input_channels,
        output_channels=space.parameters.output_channels,
    )


def subnet_channels(space: GanCompressionSpace, architecture: Architecture) -> ResnetChannels:
    """The channels of each layer under this architecture."""
    assert isinstance(space.generator, ResnetKind)
    return space.generator.channels(space.parameters, space.widths(architecture))
