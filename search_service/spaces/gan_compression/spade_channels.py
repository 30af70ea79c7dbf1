"""From base widths to the channels of each layer of a SPADE generator."""

from typing import NamedTuple

from search_service.spaces.gan_compression.generator import Widths

# By block, in order: how many times its base width it is wide.
MULTIPLES = {
    "head_0": 16,
    "G_middle_0": 16,
    "G_middle_1": 16,
    "up_0": 8,
    "up_1": 4,
    "up_2": 2,
    "up_3": 1,
}
MIDDLE = 16  # blocks of this multiple give back what comes in; the others narrow it
NORM = 2  # times the base width: the hidden channels of a block's norms


class BlockChannels(NamedTuple):
    """Of one residual block; `norm_hidden` is within each of its norms."""

    inputs: int
    hidden: int
    outputs: int
    norm_hidden: int
    narrows: bool  # then its shortcut is a layer of its own


SpadeChannels = tuple[BlockChannels, ...]  # one per block, in the order of MULTIPLES


def spade_channels(widths: Widths) -> SpadeChannels:
    """Of eight base widths: of what comes into the first block, then one per block."""
    inputs = MIDDLE * widths[0]
    blocks = []
    for width, multiple in zip(widths[1:], MULTIPLES.values(), strict=True):
        narrows = multiple < MIDDLE
        hidden = multiple * width
        outputs = hidden if narrows else inputs
        blocks.append(BlockChannels(inputs, hidden, outputs, NORM * width, narrows))
        inputs = outputs
    return tuple(blocks)


def uniform_channels(base: int) -> SpadeChannels:
    """The same base width everywhere: a supernet's, a teacher's."""
    return spade_channels((base,) * (1 + len(MULTIPLES)))
