"""Running a network layer by layer, and handing out what comes out of chosen layers."""

from collections.abc import Collection, Mapping

from torch import Tensor, nn

from search_service.errors import InvalidInput

PREFIX = "model."  # layers are named as in the state dict


def run_with_taps(
    layers: nn.Sequential, x: Tensor, widths: Mapping[int, int], taps: Collection[str]
) -> tuple[Tensor, dict[str, Tensor]]:
    """The last layer's output, and those of the layers in `taps` by name.

    `widths`: by place, what a dynamic layer gets as its second argument.
    """
    require_taps(layers, taps)
    seen = {}
    for place, layer in enumerate(layers):
        x = layer(x, widths[place]) if place in widths else layer(x)
        name = f"{PREFIX}{place}"
        if name in taps:
            seen[name] = x
    return x, seen


def require_taps(layers: nn.Sequential, taps: Collection[str]) -> None:
    """Raises InvalidInput for a tap that is no layer, naming the known ones."""
    known = {f"{PREFIX}{place}" for place in range(len(layers))}
    for name in taps:
        if name not in known:
            last = f"{PREFIX}{len(layers) - 1}"
            raise InvalidInput(f"no layer {name!r} to tap; known: {PREFIX}0 to {last}")
