"""Search spaces by family name; nothing here needs torch.

space = spaces.build("anycost", {"resolution": 32, "channel_multiplier": 0.0625})
"""

from collections.abc import Mapping
from typing import Any

from search_service.domain.space import SearchSpace
from search_service.errors import UnknownName
from search_service.spaces import anycost as anycost
from search_service.spaces import gan_compression as gan_compression
from search_service.spaces.families import SPACES

__all__ = ["SPACES", "build"]


def build(family: str, parameters: Mapping[str, Any]) -> SearchSpace:
    """The space of a family with these parameters.

    Raises UnknownName for an unknown family or parameter, InvalidInput for a bad value.
    """
    try:
        known = SPACES[family]
    except UnknownName as error:
        error.pointer = "/family"
        raise
    return known.build(parameters)
