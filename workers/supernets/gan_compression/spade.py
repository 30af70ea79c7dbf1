"""The SPADE supernet: one separable generator that runs at any of its widths."""

from collections.abc import Collection

import torch
from torch import Tensor

from search_service.domain.space import Architecture
from search_service.spaces.gan_compression import GanCompressionSpace
from search_service.spaces.gan_compression.spade_channels import (
    SpadeChannels,
    spade_channels,
    uniform_channels,
)
from workers.layers.spade_parts import DYNAMIC
from workers.supernets.gan_compression.spade_generator import SpadeGenerator, separable_generator
from workers.supernets.gan_compression.spade_network import SpadeNetwork
from workers.supernets.gan_compression.taps import Tapped


class SpadeSupernet(SpadeNetwork):
    """The full-width generator; an architecture is an argument of each call.

    Its running statistics are of whatever was trained last: an architecture is judged after
    `spade_calibration` has given it its own.
    """

    def __init__(self, space: GanCompressionSpace) -> None:
        full = uniform_channels(space.parameters.base_channels)
        super().__init__(space.parameters, DYNAMIC, channels=full, statistics=full)
        self._space = space

    @property
    def space(self) -> GanCompressionSpace:
        """See Supernet."""
        return self._space

    def forward(self, segmentation: Tensor, architecture: Architecture) -> Tensor:
        """Maps (n, input_channels, h, w) to images (n, output_channels, h, w) in [-1, 1]."""
        return self.features(segmentation, architecture)[0]

    def features(
        self, segmentation: Tensor, architecture: Architecture, taps: Collection[str] = ()
    ) -> Tapped:
        """The image as `forward` gives it, and the outputs of the layers in `taps` by name.

        Raises InvalidInput for a tap that does not exist, before anything is computed.
        """
        return self.run(segmentation, self._channels(architecture), taps)

    def extract(self, architecture: Architecture) -> SpadeGenerator:
        """See Supernet. The output is bit-equal; statistics are copied whole, as published."""
        with torch.device("meta"):  # no random weights for what is filled at once
            subnet = new_subnet(self._space, architecture)
        full = self.state_dict()
        own = {
            name: full[name][tuple(slice(size) for size in tensor.shape)].clone()
            for name, tensor in subnet.state_dict().items()
        }
        subnet.load_state_dict(own, assign=True)
        return subnet.train(self.training)

    def _channels(self, architecture: Architecture) -> SpadeChannels:
        return spade_channels(self._space.widths(architecture))


def new_subnet(space: GanCompressionSpace, architecture: Architecture) -> SpadeGenerator:
    """A subnet of this architecture with fresh random weights: what a published subnet's file
    loads into."""
    return separable_generator(space.parameters, spade_channels(space.widths(architecture)))
