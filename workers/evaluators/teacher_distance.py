"""`teacher_distance`: how far images are from the teacher's, made from the same inputs.

The teacher is the largest architecture of the supernet, or a generator that the search brings. A
few inputs tell subnets apart, as their noise is common: the cheapest look at an architecture's
images (Anycost GANs, Lin et al., 2021, section 3.1, asks for this consistency).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from search_service.domain.space import Architecture
from workers.evaluators.estimate import Estimate
from workers.evaluators.image_maker import ImageMaker
from workers.evaluators.jackknife import INTERVAL, mean_estimate

NAME = "teacher_distance"
KEPT_BYTES = 256 << 20  # of the teacher's images; what lies beyond is made again for each subnet


def mean_absolute_differences(a: Tensor, b: Tensor) -> NDArray[np.float64]:
    """L1 of uint8 images (n, c, h, w), one for each pair; the 256 levels are numbers in [0, 1]."""
    difference = a.to(torch.float64).sub_(b).div_(255.0)
    distances: NDArray[np.float64] = difference.abs_().mean(dim=(1, 2, 3)).numpy()
    return distances


class TeacherDistance:
    """The mean over images of their L1 distance to the teacher's. See ImageObjective."""

    name = rows_name = NAME

    def __init__(
        self, maker: ImageMaker, teacher: Architecture, about: Mapping[str, Any] | None = None
    ) -> None:
        """`maker` makes the teacher's images; `about`: what a protocol says of a teacher that is
        not an architecture of the supernet."""
        self._maker = maker
        self._about = about
        self._teacher = teacher
        self._made: dict[
            tuple[int, int], Tensor
        ] = {}  # by seed and index, the first ones asked for

    @property
    def facts(self) -> Mapping[str, Any]:
        """See ImageObjective."""
        return {
            "teacher": self._about or str(self._teacher),
            "levels": "[0, 1]",
            "interval": INTERVAL,
        }

    def rows(self, pixels: Tensor, *, seed: int, index: int) -> NDArray[np.float64]:
        """Distances (n,)."""
        return mean_absolute_differences(pixels, self._images(seed, index))

    def estimate(self, rows: NDArray[Any], architecture: Architecture) -> Estimate:
        """See ImageObjective."""
        del architecture
        return mean_estimate(rows)

    def _images(self, seed: int, index: int) -> Tensor:
        if (seed, index) in self._made:
            return self._made[seed, index]
        images = self._maker.shard(self._teacher, seed, index)
        if images.nbytes + sum(kept.nbytes for kept in self._made.values()) <= KEPT_BYTES:
            self._made[seed, index] = images
        return images
