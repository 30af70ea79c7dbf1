"""Supernets by family name, mirroring `search_service.spaces`.

supernet = supernets.build("anycost", {"resolution": 32, "channel_multiplier": 0.0625})
"""

from collections.abc import Mapping
from typing import Any

from torch import nn

from search_service import spaces
from workers.supernets import anycost as anycost
from workers.supernets import gan_compression as gan_compression
from workers.supernets.families import SUPERNETS, Supernet

__all__ = ["SUPERNETS", "Supernet", "build"]


def build(family: str, parameters: Mapping[str, Any]) -> nn.Module:
    """A supernet of this family and size, with fresh random weights.

    Raises UnknownName for an unknown family or parameter, InvalidInput for a bad value.
    """
    return SUPERNETS[family](spaces.build(family, parameters))
