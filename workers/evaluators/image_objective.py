"""What an objective estimated from images is: a row of numbers for each image, and what they say.

Rows of the first images stay as they are when more are asked for, so a candidate that climbs the
ladder continues where it stopped.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import NDArray
from torch import Tensor

from search_service.domain.space import Architecture
from workers.evaluators.estimate import Estimate

FEATURES = "features"  # rows of all objectives estimated from features: made once for them


class ImageObjective(Protocol):
    """Under `name` in `search_service.domain.objective`, which says the least number of images."""

    @property
    def name(self) -> str:
        """The objective's."""
        ...

    @property
    def rows_name(self) -> str:
        """What its rows are: of objectives with equal names, equal images have equal rows."""
        ...

    @property
    def facts(self) -> Mapping[str, Any]:
        """What a value depends on besides the images and the inputs they were made from."""
        ...

    def rows(self, pixels: Tensor, *, seed: int, index: int) -> NDArray[Any]:
        """A row for each image of a shard, uint8 (n, c, h, w), made from the inputs of that number
        under that seed. Raises InvalidInput for images that it cannot take."""
        ...

    def estimate(self, rows: NDArray[Any], architecture: Architecture) -> Estimate:
        """From the rows of as many of its images as the objective asks for, or more."""
        ...
