"""Residual generators (encoder, residual blocks, decoder) as a kind of generator."""

from collections.abc import Mapping
from dataclasses import dataclass

from search_service.errors import InvalidInput
from search_service.spaces.gan_compression import published as spaces
from search_service.spaces.gan_compression import resnet_cost
from search_service.spaces.gan_compression.generator import Widths
from search_service.spaces.gan_compression.parameters import GanCompressionParameters, Options
from search_service.spaces.gan_compression.resnet_channels import (
    ResnetChannels,
    group_sizes,
    legacy_channels,
    resnet_channels,
    uniform_channels,
)

_GROUPED = (0, 1, 2, 3, 3, 3, 4, 5)  # which of six numbers each of eight positions takes


@dataclass(frozen=True)
class ResnetKind:
    """Eight positions, or the six of the paper's first checkpoints (`legacy`). See Generator."""

    legacy: bool = False

    @property
    def forms(self) -> Mapping[int, tuple[int, ...]]:
        """See Generator."""
        return {6: tuple(range(6))} if self.legacy else {8: tuple(range(8)), 6: _GROUPED}

    @property
    def published(self) -> Mapping[str, tuple[Options, ...]]:
        """See Generator. The legacy generator's groups share the first group's widths."""
        if not self.legacy:
            return spaces.RESNET
        return {name: (*lists[:4], *lists[6:]) for name, lists in spaces.RESNET.items()}

    def check(self, parameters: GanCompressionParameters) -> None:
        """See Generator."""
        if parameters.image_size < 8 or parameters.image_size % 4:
            raise InvalidInput(
                f"image_size must be a multiple of 4, at least 8, got {parameters.image_size}",
                pointer="/parameters/image_size",
            )
        for name, usual in (("aspect_ratio", 1.0), ("upsampling", "normal")):
            if getattr(parameters, name) != usual:
                raise InvalidInput(
                    f"{name} is for generator spade alone", pointer=f"/parameters/{name}"
                )

    def live(self, parameters: GanCompressionParameters) -> tuple[bool, ...]:
        """See Generator."""
        if self.legacy:
            return (True,) * 6
        return (True, True, True, *(n > 0 for n in group_sizes(parameters.blocks)), True, True)

    def channels(self, parameters: GanCompressionParameters, widths: Widths) -> ResnetChannels:
        """The channels of each layer under these base widths."""
        layer_channels = legacy_channels if self.legacy else resnet_channels
        return layer_channels(widths, parameters.blocks)

    def macs(self, parameters: GanCompressionParameters, widths: Widths, *, published: bool) -> int:
        """See SearchSpace."""
        cost = resnet_cost.published_macs if published else resnet_cost.true_macs
        return cost(cost_size(parameters), self.channels(parameters, widths))

    def params(self, parameters: GanCompressionParameters, widths: Widths) -> int:
        """See SearchSpace."""
        return resnet_cost.params(cost_size(parameters), self.channels(parameters, widths))


def cost_size(parameters: GanCompressionParameters, *, dense: bool = False) -> resnet_cost.Size:
    """What costs depend on besides the channels."""
    return resnet_cost.Size(
        image_size=parameters.image_size,
        input_channels=parameters.input_channels,
        output_channels=parameters.output_channels,
        dense=dense,
    )


def teacher_macs(parameters: GanCompressionParameters, *, published: bool = False) -> int:
    """MACs of the dense teacher with this base width, in either convention."""
    cost = resnet_cost.published_macs if published else resnet_cost.true_macs
    channels = uniform_channels(parameters.base_channels, parameters.blocks)
    return cost(cost_size(parameters, dense=True), channels)


def teacher_params(parameters: GanCompressionParameters) -> int:
    """Parameters of the dense teacher with this base width."""
    channels = uniform_channels(parameters.base_channels, parameters.blocks)
    return resnet_cost.params(cost_size(parameters, dense=True), channels)
