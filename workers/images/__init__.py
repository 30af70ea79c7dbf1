"""Images: reading real ones, the one quantiser, resizing, and grids to look at.

Within this project an image batch is uint8 (n, c, h, w) at every module border.
"""

from workers.images import folders as folders
from workers.images.datasets import DATASETS, LabelledSet, class_shares
from workers.images.domains import DOMAINS, Domains
from workers.images.fashion_mnist import LabelledImages, read_fashion_mnist
from workers.images.grids import grid, png
from workers.images.maps import MAPS, Maps
from workers.images.quantise import QUANTISER, from_uint8, to_uint8
from workers.images.resize import REDUCTION, UPSAMPLING, seen_at, upsample

__all__ = [
    "DATASETS",
    "DOMAINS",
    "MAPS",
    "QUANTISER",
    "REDUCTION",
    "UPSAMPLING",
    "Domains",
    "LabelledImages",
    "LabelledSet",
    "Maps",
    "class_shares",
    "from_uint8",
    "grid",
    "png",
    "read_fashion_mnist",
    "seen_at",
    "to_uint8",
    "upsample",
]
