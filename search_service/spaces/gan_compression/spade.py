"""SPADE (GauGAN) generators, from a segmentation map to an image, as a kind of generator."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from search_service.errors import InvalidInput
from search_service.spaces.gan_compression import published as spaces
from search_service.spaces.gan_compression import spade_cost
from search_service.spaces.gan_compression.generator import Widths
from search_service.spaces.gan_compression.parameters import GanCompressionParameters, Options
from search_service.spaces.gan_compression.spade_channels import spade_channels, uniform_channels
from search_service.spaces.gan_compression.spade_geometry import DOUBLINGS, start_sides


@dataclass(frozen=True)
class SpadeKind:
    """Eight positions: the width into the first block, then one per block. See Generator."""

    @property
    def forms(self) -> Mapping[int, tuple[int, ...]]:
        """See Generator."""
        return {8: tuple(range(8))}

    @property
    def published(self) -> Mapping[str, tuple[Options, ...]]:
        """See Generator."""
        return spaces.SPADE

    def check(self, parameters: GanCompressionParameters) -> None:
        """See Generator."""
        start_sides(parameters)
        usual = next(f.default for f in fields(parameters) if f.name == "blocks")
        if parameters.blocks != usual:
            raise InvalidInput(
                "blocks is for residual generators alone; generator spade has seven",
                pointer="/parameters/blocks",
            )

    def live(self, parameters: GanCompressionParameters) -> tuple[bool, ...]:
        """See Generator."""
        del parameters
        return (True,) * 8

    def macs(self, parameters: GanCompressionParameters, widths: Widths, *, published: bool) -> int:
        """See SearchSpace."""
        cost = spade_cost.published_macs if published else spade_cost.true_macs
        return cost(cost_size(parameters), spade_channels(widths))

    def params(self, parameters: GanCompressionParameters, widths: Widths) -> int:
        """See SearchSpace."""
        return spade_cost.params(cost_size(parameters), spade_channels(widths))


def cost_size(parameters: GanCompressionParameters, *, dense: bool = False) -> spade_cost.Size:
    """What costs depend on besides the channels."""
    height, width = start_sides(parameters)
    return spade_cost.Size(
        pixels=tuple(height * width * 4**n for n in DOUBLINGS[parameters.upsampling]),
        input_channels=parameters.input_channels,
        output_channels=parameters.output_channels,
        dense=dense,
    )


def teacher_macs(parameters: GanCompressionParameters, *, published: bool = False) -> int:
    """MACs of the dense teacher with this base width, in either convention."""
    cost = spade_cost.published_macs if published else spade_cost.true_macs
    return cost(cost_size(parameters, dense=True), uniform_channels(parameters.base_channels))


def teacher_params(parameters: GanCompressionParameters) -> int:
    """Parameters of the dense teacher with this base width."""
    return spade_cost.params(
        cost_size(parameters, dense=True), uniform_channels(parameters.base_channels)
    )
