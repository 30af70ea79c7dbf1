"""What a SPADE network is built of: dense, separable, or layers that run at any width."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from workers.layers.dynamic import DynamicConv2d
from workers.layers.separable import DynamicSeparableConv2d, SeparableConv2d


@dataclass(frozen=True, kw_only=True)
class SpadeParts:
    """`modulation` makes what gives a norm's scale or shift, of (inputs, outputs) channels."""

    convolution: type[nn.Conv2d]
    modulation: Callable[[int, int], nn.Module]


DENSE = SpadeParts(
    convolution=nn.Conv2d,
    modulation=lambda inputs, outputs: nn.Conv2d(inputs, outputs, 3, padding=1),
)
SEPARABLE = SpadeParts(
    convolution=nn.Conv2d,
    modulation=lambda inputs, outputs: SeparableConv2d(inputs, outputs, 3, padding=1),
)
DYNAMIC = SpadeParts(
    convolution=DynamicConv2d,
    modulation=lambda inputs, outputs: DynamicSeparableConv2d(inputs, outputs, 3, padding=1),
)


def run_at(layer: nn.Module, x: Tensor, outputs: int | None) -> Tensor:
    """The layer's output; of a dynamic layer, its first `outputs` channels where they are given."""
    y: Tensor = layer(x) if outputs is None else layer(x, outputs)
    return y
