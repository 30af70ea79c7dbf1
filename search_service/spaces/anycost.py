"""The Anycost search space: an output resolution, and a channel ratio per layer.

Anycost GANs for Interactive Image Synthesis and Editing (Lin et al., CVPR 2021).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from search_service.domain.space import Architecture, Choice, Option
from search_service.errors import InvalidArchitecture, InvalidInput
from search_service.spaces import anycost_cost
from search_service.spaces.families import SPACES, DataclassFamily

RATIOS = (0.25, 0.5, 0.75, 1.0)
BASE_CHANNELS = {4: 4096, 8: 2048, 16: 1024, 32: 512, 64: 256, 128: 128, 256: 64, 512: 32, 1024: 16}
TRAINED_LEVELS = 4  # a supernet is trained on its highest four resolutions (8 is the lowest)


@dataclass(frozen=True, kw_only=True)
class AnycostParameters:
    """The size of an Anycost generator; names as in its paper and in StyleGAN2's."""

    resolution: int  # of the full output, a power of two from 8 to 1024
    channel_multiplier: float = 2.0  # scales BASE_CHANNELS
    channel_max: int = 512  # the cap on every layer
    style_dim: int = 512  # of z and w
    mapping_layers: int = 8
    classes: int = 0  # 0: unconditional
    image_channels: int = 3  # of the output; 1 for grey images

    def __post_init__(self) -> None:
        if self.resolution not in BASE_CHANNELS or self.resolution < 8:
            _refuse("resolution", self.resolution, "a power of two from 8 to 1024")
        if not self.channel_multiplier > 0 or self.channel_multiplier > 16:
            _refuse("channel_multiplier", self.channel_multiplier, "above 0 and at most 16")
        for name in ("channel_max", "style_dim", "mapping_layers"):
            if getattr(self, name) < 1:
                _refuse(name, getattr(self, name), "at least 1")
        if self.classes < 0:
            _refuse("classes", self.classes, "0 or more")
        if self.image_channels not in (1, 3):
            _refuse("image_channels", self.image_channels, "1 or 3")


def _refuse(name: str, value: object, wanted: str) -> None:
    raise InvalidInput(f"{name} must be {wanted}, got {value}", pointer=f"/parameters/{name}")


@dataclass(frozen=True)
class AnycostSpace:
    """Choices: `resolution`, then `channels.i` for the constant input, the first convolution, and
    two convolutions per resolution above 4. A ratio multiplies the layer's full width."""

    parameters: AnycostParameters

    @property
    def family(self) -> str:
        """See SearchSpace."""
        return "anycost"

    @cached_property
    def resolutions(self) -> tuple[int, ...]:
        """The output sides a subnet may have, ascending."""
        full = self.parameters.resolution
        return tuple(r for r in BASE_CHANNELS if max(8, full >> (TRAINED_LEVELS - 1)) <= r <= full)

    @cached_property
    def sides(self) -> tuple[int, ...]:
        """The side of each channel entry's output: 4, 4, 8, 8, …"""
        return tuple(r for r in BASE_CHANNELS if r <= self.parameters.resolution for _ in (0, 1))

    @cached_property
    def full_channels(self) -> tuple[int, ...]:
        """Channels of each entry in the full generator."""
        return self.uniform_channels(1.0)

    def uniform_channels(self, ratio: float) -> tuple[int, ...]:
        """Channels under one multiplier for the whole net; the cap is applied after it."""
        p = self.parameters
        return tuple(
            max(1, min(p.channel_max, int(BASE_CHANNELS[side] * p.channel_multiplier * ratio)))
            for side in self.sides
        )

    @cached_property
    def choices(self) -> tuple[Choice, ...]:
        """See SearchSpace. A ratio below the width of the uniform 0.25 net is no option (the cap
        keeps low resolutions wide), as in the published sampler of flexible nets."""
        floors = self.uniform_channels(RATIOS[0])
        channels = []
        for i, (full, floor) in enumerate(zip(self.full_channels, floors, strict=True)):
            ratios = tuple(r for r in RATIOS if r * full >= floor and int(r * full) >= 1)
            channels.append(Choice(name=f"channels.{i}", options=ratios))
        return (Choice(name="resolution", options=self.resolutions), *channels)

    @cached_property
    def size(self) -> int:
        """See SearchSpace."""
        total = 0
        for resolution in self.resolutions:
            count = 1
            for choice in self.choices[1 : 1 + self.live_entries(resolution)]:
                count *= len(choice.options)
            total += count
        return total

    @staticmethod
    def live_entries(resolution: int) -> int:
        """How many channel entries a subnet of this output side runs."""
        return 2 * (resolution.bit_length() - 1) - 2

    def channels(self, architecture: Architecture) -> tuple[int, ...]:
        """Active output channels of each live entry, lowest resolution first."""
        resolution, *ratios = architecture.options
        live = self.live_entries(int(resolution))
        return tuple(int(r * c) for r, c in zip(ratios[:live], self.full_channels, strict=False))

    def uniform(self, ratio: float, resolution: int | None = None) -> Architecture:
        """The net with this uniform multiplier: each layer's nearest ratio that is not below it."""
        wanted = self.uniform_channels(ratio)
        options: list[Option] = [resolution or self.parameters.resolution]
        for choice, full, width in zip(self.choices[1:], self.full_channels, wanted, strict=True):
            options.append(next(r for r in choice.options if int(r * full) >= width))
        return self.architecture(options)

    def architecture(self, options: Sequence[Option]) -> Architecture:
        """See SearchSpace; entries above the resolution have no effect and become 1."""
        if len(options) != len(self.choices):
            raise InvalidArchitecture(f"expected {len(self.choices)} options, got {len(options)}")
        for choice, option in zip(self.choices, options, strict=True):
            if option not in choice.options:
                allowed = ", ".join(f"{o:g}" for o in choice.options)
                raise InvalidArchitecture(
                    f"{choice.name} must be one of {allowed}, got {option}",
                    pointer=f"/architecture/{choice.name}",
                )
        resolution, *ratios = options
        live = self.live_entries(int(resolution))
        canonical = (*ratios[:live], *(c.options[-1] for c in self.choices[1 + live :]))
        widths = (int(r * c) for r, c in zip(ratios[:live], self.full_channels, strict=False))
        text = f"{int(resolution)}:{'_'.join(map(str, widths))}"
        return Architecture(options=(int(resolution), *map(float, canonical)), text=text)

    def parse(self, text: str) -> Architecture:
        """See SearchSpace: `<resolution>:<k0>_<k1>_…` with the active channels."""
        head, colon, tail = text.partition(":")
        allowed = ", ".join(map(str, self.resolutions))
        if not colon or head not in allowed.split(", "):
            raise InvalidArchitecture(
                f"{text!r} must be <resolution>:<k0>_<k1>_… with a resolution of {allowed}"
            )
        live = self.live_entries(int(head))
        parts = tail.split("_")
        if len(parts) != live:
            raise InvalidArchitecture(
                f"{text!r} names {len(parts)} widths; resolution {head} takes {live}"
            )
        options: list[Option] = [int(head)]
        for i, part in enumerate(parts):
            choice, full = self.choices[1 + i], self.full_channels[i]
            ratios = {str(int(r * full)): r for r in reversed(choice.options)}
            if part not in ratios:
                widths = ", ".join(reversed(ratios))
                raise InvalidArchitecture(f"width {i} of {text!r} must be one of {widths}")
            options.append(ratios[part])
        options += [c.options[-1] for c in self.choices[1 + live :]]
        return self.architecture(options)

    def describe(self, architecture: Architecture) -> Mapping[str, Option]:
        """See SearchSpace."""
        live = 1 + self.live_entries(int(architecture.options[0]))
        names = (choice.name for choice in self.choices[:live])
        return dict(zip(names, architecture.options[:live], strict=True))

    def macs(self, architecture: Architecture, *, published: bool = False) -> int:
        """See SearchSpace."""
        widths = self.channels(architecture)
        if published:
            return anycost_cost.published_macs(self.cost_size, widths)
        return anycost_cost.true_macs(self.cost_size, widths)

    def params(self, architecture: Architecture) -> int:
        """See SearchSpace."""
        return anycost_cost.params(self.cost_size, self.channels(architecture))

    @cached_property
    def cost_size(self) -> anycost_cost.Size:
        """What costs depend on besides the widths."""
        p = self.parameters
        return anycost_cost.Size(
            full=self.full_channels,
            style_dim=p.style_dim,
            mapping_layers=p.mapping_layers,
            image_channels=p.image_channels,
            classes=p.classes,
        )


SPACES.register("anycost")(DataclassFamily(space=AnycostSpace, parameters=AnycostParameters))
