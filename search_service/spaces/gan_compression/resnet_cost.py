"""Exact MACs and parameters of a residual generator, in closed form.

Two conventions of MACs: the true one counts convolutions, a transposed one at its input size; the
published one (torchprofile 0.0.1) counts that at its output size, and each element of an instance
norm as one more.
"""

from dataclasses import dataclass
from functools import lru_cache

from search_service.spaces.gan_compression.resnet_channels import ResnetChannels

CACHED = 1 << 16  # searchers ask for the same subnets again and again


@dataclass(frozen=True, kw_only=True)
class Size:
    """What the cost depends on besides the channels. `dense`: the teacher's 3x3 convolutions in
    the residual blocks, where the other generators have separable ones."""

    image_size: int
    input_channels: int = 3
    output_channels: int = 3
    dense: bool = False

    @property
    def pixels(self) -> int:
        """Of the image."""
        return self.image_size**2


@lru_cache(maxsize=CACHED)
def true_macs(size: Size, c: ResnetChannels) -> int:
    """Of one image, convolutions alone."""
    return _convolutions(size, c) + _transposed(size, c)


@lru_cache(maxsize=CACHED)
def published_macs(size: Size, c: ResnetChannels) -> int:
    """Of one image, in the convention of the paper's tables."""
    return _convolutions(size, c) + 4 * _transposed(size, c) + _normalised(size, c)


@lru_cache(maxsize=CACHED)
def params(size: Size, c: ResnetChannels) -> int:
    """Weights and biases; the norms have none."""
    total = 49 * size.input_channels * c.stem + c.stem
    total += 9 * (c.stem * c.down1 + c.down1 * c.down2) + c.down1 + c.down2
    total += sum(_block_weights(c.down2, hidden, dense=size.dense) for hidden in c.hidden)
    for hidden in c.hidden:  # biases, of the depthwise convolutions too
        total += hidden + c.down2 if size.dense else 2 * (hidden + c.down2)
    total += 9 * (c.down2 * c.up1 + c.up1 * c.up2) + c.up1 + c.up2
    return total + 49 * c.up2 * size.output_channels + size.output_channels


def _convolutions(size: Size, c: ResnetChannels) -> int:
    blocks = sum(_block_weights(c.down2, hidden, dense=size.dense) for hidden in c.hidden)
    outer = 49 * (size.input_channels * c.stem + c.up2 * size.output_channels) * size.pixels
    down = 9 * (c.stem * c.down1 * size.pixels // 4 + c.down1 * c.down2 * size.pixels // 16)
    return outer + down + blocks * size.pixels // 16


def _transposed(size: Size, c: ResnetChannels) -> int:
    return 9 * (c.down2 * c.up1 * size.pixels // 16 + c.up1 * c.up2 * size.pixels // 4)


def _normalised(size: Size, c: ResnetChannels) -> int:
    per_block = 1 if size.dense else 2  # a separable convolution has a norm inside
    blocks = sum(per_block * (hidden + c.down2) for hidden in c.hidden)
    full, half = c.stem + c.up2, c.down1 + c.up1
    return full * size.pixels + half * size.pixels // 4 + (c.down2 + blocks) * size.pixels // 16


def _block_weights(outer: int, hidden: int, *, dense: bool) -> int:
    pointwise = 2 * outer * hidden
    return 9 * pointwise if dense else pointwise + 9 * (outer + hidden)
