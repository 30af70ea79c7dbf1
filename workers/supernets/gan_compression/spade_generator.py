"""A SPADE generator of fixed widths: a teacher, a mobile generator, a subnet on its own."""

from collections.abc import Collection

from torch import Tensor

from search_service.spaces.gan_compression import GanCompressionParameters
from search_service.spaces.gan_compression.spade_channels import SpadeChannels, uniform_channels
from workers.layers.spade_parts import DENSE, SEPARABLE
from workers.supernets.gan_compression.spade_network import SpadeNetwork
from workers.supernets.gan_compression.taps import Tapped


class SpadeGenerator(SpadeNetwork):
    """A plain network from a segmentation map to an image."""

    def forward(self, segmentation: Tensor) -> Tensor:
        """Maps (n, input_channels, h, w) to images (n, output_channels, h, w) in [-1, 1]."""
        return self.features(segmentation)[0]

    def features(self, segmentation: Tensor, taps: Collection[str] = ()) -> Tapped:
        """The image as `forward` gives it, and the outputs of the layers in `taps` by name.

        Raises InvalidInput for a tap that does not exist, before anything is computed.
        """
        return self.run(segmentation, None, taps)


def separable_generator(
    parameters: GanCompressionParameters, channels: SpadeChannels
) -> SpadeGenerator:
    """A subnet of these channels in a supernet of these parameters, with fresh random weights."""
    return SpadeGenerator(
        parameters,
        SEPARABLE,
        channels=channels,
        statistics=uniform_channels(parameters.base_channels),
    )


def mobile_generator(
    parameters: GanCompressionParameters, *, spectral: bool = False
) -> SpadeGenerator:
    """The published separable generator (`mobile_spade`)."""
    full = uniform_channels(parameters.base_channels)
    return SpadeGenerator(parameters, SEPARABLE, channels=full, statistics=full, spectral=spectral)


def dense_teacher(
    parameters: GanCompressionParameters, *, spectral: bool = False
) -> SpadeGenerator:
    """The published teacher (`spade`), with fresh random weights."""
    full = uniform_channels(parameters.base_channels)
    return SpadeGenerator(parameters, DENSE, channels=full, statistics=full, spectral=spectral)
