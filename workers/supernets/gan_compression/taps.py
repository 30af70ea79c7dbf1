"""Running a network layer by layer, and handing out what comes out of chosen layers."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from torch import Tensor, nn

from search_service.errors import InvalidInput

PREFIX = "model."  # layers are named as in the state dict


class Tapped(NamedTuple):
    """The last layer's output, and those of the tapped layers by name."""

    output: Tensor
    taps: dict[str, Tensor]


def run_with_taps(
    layers: nn.Sequential, x: Tensor, widths: Mapping[int, int], taps: Collection[str]
) -> Tapped:
    """Run the layers in order. `widths`: by place, what a dynamic layer gets beside its input.

    Raises InvalidInput as `place_of` does, before anything is computed.
    """
    names = {place_of(name, layers): name for name in taps}
    seen = {}
    for place, layer in enumerate(layers):
        x = layer(x, widths[place]) if place in widths else layer(x)
        if place in names:
            seen[names[place]] = x
    return Tapped(x, seen)


def place_of(tap: str, layers: nn.Sequential) -> int:
    """Where the layer of this name stands.

    Raises InvalidInput for a tap that is no layer, naming the known ones.
    """
    for place in range(len(layers)):
        if tap == f"{PREFIX}{place}":
            return place
    last = f"{PREFIX}{len(layers) - 1}"
    raise InvalidInput(f"no layer {tap!r} to tap; known: {PREFIX}0, {PREFIX}1, … {last}")


def tap_channels(tap: str, layers: nn.Sequential) -> int:
    """The channels that come out of the layer of this name, at full width.

    Raises InvalidInput as `place_of` does.
    """
    convolutions = nn.Conv2d | nn.ConvTranspose2d
    before = [m for m in [*layers][: place_of(tap, layers) + 1] if isinstance(m, convolutions)]
    if before:
        return before[-1].out_channels  # norms, activations and residual blocks keep the width
    return next(m.in_channels for m in layers if isinstance(m, convolutions))
