"""The layers that every SPADE generator has, and how an image goes through them.

Semantic Image Synthesis with Spatially-Adaptive Normalization (Park et al., 2019), appendix A;
without an image encoder: the map alone makes the image.
"""

from collections.abc import Collection

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from search_service.errors import InvalidInput
from search_service.spaces.gan_compression import GanCompressionParameters
from search_service.spaces.gan_compression.spade_channels import MULTIPLES, SpadeChannels
from search_service.spaces.gan_compression.spade_geometry import (
    DOUBLINGS,
    image_sides,
    start_sides,
)
from workers.layers.initialisation import initialise_xavier
from workers.layers.spade_parts import SpadeParts, run_at
from workers.supernets.gan_compression.spade_block import SLOPE, SpadeBlock
from workers.supernets.gan_compression.taps import Tapped

ENTRY = "fc"  # a convolution, in spite of its published name
TAPS = (ENTRY, *MULTIPLES)


class SpadeNetwork(nn.Module):
    """`channels`: of its layers; `statistics`: of its batch norms, as wide as the supernet's.

    Layers bear their published names. `spectral`: the blocks' convolutions are spectrally
    normalised, as the published teachers' are while they train.
    """

    def __init__(
        self,
        parameters: GanCompressionParameters,
        parts: SpadeParts,
        *,
        channels: SpadeChannels,
        statistics: SpadeChannels,
        spectral: bool = False,
    ) -> None:
        super().__init__()
        self.input_channels = parameters.input_channels
        self.output_channels = parameters.output_channels
        self.channels = channels
        self.start, self.sides = start_sides(parameters), image_sides(parameters)
        self.doublings = DOUBLINGS[parameters.upsampling]
        self.fc = parts.convolution(self.input_channels, channels[0].inputs, 3, padding=1)
        for name, own, full in zip(MULTIPLES, channels, statistics, strict=True):
            block = SpadeBlock(
                own, full, parts, map_channels=self.input_channels, spectral=spectral
            )
            self.add_module(name, block)
        self.conv_img = parts.convolution(
            channels[-1].outputs, parameters.output_channels, 3, padding=1
        )
        initialise_xavier(self)

    def run(
        self, segmentation: Tensor, active: SpadeChannels | None, taps: Collection[str]
    ) -> Tapped:
        """The image, and the outputs of the layers in `taps`; `active` as in `SpadeBlock`."""
        require_taps(taps)
        segmentation = self._prepared(segmentation)
        maps = {n: self._shrunk(segmentation, n) for n in set(self.doublings)}
        x = run_at(self.fc, maps[0], None if active is None else active[0].inputs)
        seen, doubled = {ENTRY: x}, 0
        for i, name in enumerate(MULTIPLES):
            for _ in range(self.doublings[i] - doubled):
                x = F.interpolate(x, scale_factor=2, mode="nearest")
            doubled = self.doublings[i]
            block = self.get_submodule(name)
            x = block(x, maps[doubled], None if active is None else active[i])
            seen[name] = x
        image = torch.tanh(self.conv_img(F.leaky_relu(x, SLOPE)))
        return Tapped(image, {name: seen[name] for name in taps})

    def tap_channels(self, tap: str) -> int:
        """The channels of what a tap gives, at full width.

        Raises InvalidInput for one that does not exist.
        """
        require_taps([tap])
        if tap == ENTRY:
            return self.channels[0].inputs
        return self.channels[list(MULTIPLES).index(tap)].outputs

    def _prepared(self, segmentation: Tensor) -> Tensor:
        wanted = (self.input_channels, *self.sides)
        if segmentation.ndim != 4 or tuple(segmentation.shape[1:]) != wanted:
            raise InvalidInput(
                f"segmentation maps must be (n, {', '.join(map(str, wanted))}), "
                f"got {tuple(segmentation.shape)}"
            )
        # Convolutions run faster on images whose channels are last in memory.
        return segmentation.to(self.fc.weight.dtype, memory_format=torch.channels_last)

    def _shrunk(self, segmentation: Tensor, doublings: int) -> Tensor:
        height, width = self.start
        return F.interpolate(
            segmentation, size=(height << doublings, width << doublings), mode="nearest"
        )


def require_taps(taps: Collection[str]) -> None:
    """Raises InvalidInput for a tap that is no layer, naming the known ones."""
    for name in taps:
        if name not in TAPS:
            raise InvalidInput(f"no layer {name!r} to tap; known: {', '.join(TAPS)}")
