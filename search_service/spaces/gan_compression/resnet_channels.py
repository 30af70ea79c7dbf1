"""From base widths to the channels of each layer of a residual generator."""

from typing import NamedTuple

from search_service.spaces.gan_compression.generator import Widths

GROUPS = 3  # of residual blocks; a group shares one hidden width


class ResnetChannels(NamedTuple):
    """Output channels of each layer, in order; `hidden` is within each residual block."""

    stem: int
    down1: int
    down2: int  # also what goes in and out of the residual blocks
    hidden: tuple[int, ...]
    up1: int
    up2: int


def group_sizes(blocks: int) -> tuple[int, ...]:
    """How many blocks each group has: as even as can be, the first groups taking what is over.

    9 is 3 + 3 + 3 as published; with fewer than 3 blocks the last groups are empty.
    """
    return tuple(blocks // GROUPS + (group < blocks % GROUPS) for group in range(GROUPS))


def resnet_channels(widths: Widths, blocks: int) -> ResnetChannels:
    """Of eight base widths: stem, two downward layers, three groups, two upward layers."""
    c0, c1, c2, *groups, c6, c7 = widths
    hidden = [4 * c for c, n in zip(groups, group_sizes(blocks), strict=True) for _ in range(n)]
    return ResnetChannels(c0, 2 * c1, 4 * c2, tuple(hidden), 2 * c6, c7)


def legacy_channels(widths: Widths, blocks: int) -> ResnetChannels:
    """Of six base widths, as the paper's first checkpoints have them: only every third block has
    the hidden width asked for, the others stay as wide as their input."""
    c0, c1, c2, c3, c4, c5 = widths
    hidden = tuple(4 * (c2 if i % 3 else c3) for i in range(blocks))
    return ResnetChannels(c0, 2 * c1, 4 * c2, hidden, 2 * c4, c5)


def uniform_channels(base: int, blocks: int) -> ResnetChannels:
    """The same base width everywhere: a supernet's, a teacher's."""
    return resnet_channels((base,) * 8, blocks)
