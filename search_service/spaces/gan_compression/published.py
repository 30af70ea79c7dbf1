"""The published search spaces: the base widths that each of the eight positions may take.

Names as in the paper's program. Within a space a position's widths are ascending here, as
everywhere in this project; there they are descending.
"""

from collections.abc import Mapping

from search_service.spaces.gan_compression.parameters import Options

_BY_EIGHT = (16, 24, 32, 40, 48, 56, 64)

RESNET: Mapping[str, tuple[Options, ...]] = {
    "channels-32": ((16, 24, 32),) * 8,
    "channels-48": (*((32, 48),) * 2, *((32, 40, 48),) * 4, *((16, 24, 32, 48),) * 2),
    "channels-64-cycleGAN": ((16, 24, 32, 48, 64),) * 8,
    "channels-64-pix2pix": (_BY_EIGHT,) * 8,
    "test": ((8,), (6, 8), (6, 8), *((8,),) * 5),
}

SPADE: Mapping[str, tuple[Options, ...]] = {
    "channels-48": (*((32, 40, 48),) * 5, *((24, 32, 40, 48),) * 3),
    "channels-64": (*((32, 40, 48, 64),) * 5, *((24, 32, 40, 48, 64),) * 3),
    "channels-64-coco": ((24, 32, 40, 48, 64),) * 8,
    "channels-64_2": (_BY_EIGHT,) * 8,
}
