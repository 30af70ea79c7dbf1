"""The residual blocks of a residual generator: dense, separable, and separable at any width."""

from collections.abc import Callable

from torch import Tensor, nn

from workers.layers.normalisation import InstanceNorm
from workers.layers.separable import DynamicSeparableConv2d, SeparableConv2d


def _layers(
    convolution: Callable[[int, int, int], nn.Module], outer: int, hidden: int
) -> nn.Module:
    return nn.Sequential(
        nn.ReflectionPad2d(1),
        convolution(outer, hidden, 3),
        InstanceNorm(),
        nn.ReLU(),
        nn.Identity(),  # where the published networks have a dropout of rate 0: it counts in names
        nn.ReflectionPad2d(1),
        convolution(hidden, outer, 3),
        InstanceNorm(),
    )


class ResidualBlock(nn.Module):
    """x plus two convolutions of it, separable or 3x3; no activation follows the sum."""

    def __init__(self, outer: int, hidden: int, *, dense: bool = False) -> None:
        super().__init__()
        self.conv_block = _layers(nn.Conv2d if dense else SeparableConv2d, outer, hidden)

    def forward(self, x: Tensor) -> Tensor:
        """(n, outer, h, w) to the same."""
        y: Tensor = self.conv_block(x)
        return x + y


class DynamicResidualBlock(nn.Module):
    """The separable block at the width of its input, with any hidden width."""

    def __init__(self, outer: int, hidden: int) -> None:
        super().__init__()
        self.conv_block = _layers(DynamicSeparableConv2d, outer, hidden)

    def forward(self, x: Tensor, hidden: int | None = None) -> Tensor:
        """(n, c, h, w) to the same."""
        y = x
        for name, layer in self.conv_block.named_children():
            width = {"1": hidden, "6": x.shape[1]}
            y = layer(y, width[name]) if name in width else layer(y)
        return x + y
