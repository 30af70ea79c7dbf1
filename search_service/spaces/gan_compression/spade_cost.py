"""Exact MACs and parameters of a SPADE generator, in closed form.

Two conventions of MACs: the true one counts convolutions; the published one (torchprofile 0.0.1)
counts each element of an instance norm and each product of a modulation as one more.
"""

from dataclasses import dataclass
from functools import lru_cache

from search_service.spaces.gan_compression.spade_channels import BlockChannels, SpadeChannels

CACHED = 1 << 16  # searchers ask for the same subnets again and again


@dataclass(frozen=True, kw_only=True)
class Size:
    """What costs depend on besides the channels. `dense`: the teacher's 3x3 convolutions in the
    norms, where the other generators have separable ones."""

    pixels: tuple[int, ...]  # of what each block sees; the last block's are the image's
    input_channels: int
    output_channels: int = 3
    dense: bool = False


@lru_cache(maxsize=CACHED)
def true_macs(size: Size, channels: SpadeChannels) -> int:
    """Of one image, convolutions alone."""
    total = 9 * size.input_channels * channels[0].inputs * size.pixels[0]
    total += 9 * channels[-1].outputs * size.output_channels * size.pixels[-1]
    for pixels, block in zip(size.pixels, channels, strict=True):
        total += pixels * (_block_weights(block) + _norm_weights(size, block))
    return total


@lru_cache(maxsize=CACHED)
def published_macs(size: Size, channels: SpadeChannels) -> int:
    """Of one image, in the convention of the paper's tables."""
    total = true_macs(size, channels)
    for pixels, block in zip(size.pixels, channels, strict=True):
        normed = _normed(block)
        inside = 0 if size.dense else 2 * block.norm_hidden * len(normed)
        total += pixels * (sum(normed) + inside)
    return total


@lru_cache(maxsize=CACHED)
def params(size: Size, channels: SpadeChannels) -> int:
    """Weights and biases; the statistics of the batch norms are no parameters."""
    first, last = channels[0].inputs, channels[-1].outputs
    total = (9 * size.input_channels + 1) * first + (9 * last + 1) * size.output_channels
    for block in channels:
        total += _block_weights(block) + block.hidden + block.outputs  # biases; the shortcut's none
        total += _norm_weights(size, block)
        h = block.norm_hidden
        inside = 0 if size.dense else 2 * h  # biases of depthwise convolutions
        total += sum(h + inside + 2 * normed for normed in _normed(block))
    return total


def _normed(block: BlockChannels) -> tuple[int, ...]:
    """The channels that each norm of the block is applied to."""
    both = (block.inputs, block.hidden)
    return (*both, block.inputs) if block.narrows else both


def _block_weights(block: BlockChannels) -> int:
    shortcut = block.inputs * block.outputs if block.narrows else 0
    return 9 * block.hidden * (block.inputs + block.outputs) + shortcut


def _norm_weights(size: Size, block: BlockChannels) -> int:
    h, total = block.norm_hidden, 0
    for normed in _normed(block):
        modulation = 9 * h * normed if size.dense else 9 * h + h * normed
        total += 9 * size.input_channels * h + 2 * modulation
    return total
