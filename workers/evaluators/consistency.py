"""`feature_distance` and `perceptual_distance`: how differently a network sees an architecture's
images and the full generator's, made from the same inputs.

Anycost GANs (Lin et al., CVPR 2021), section 3.1: a preview is worth what it foretells of the final
image. Both sides are compared at the full side, smaller images brought up to it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from search_service.domain.space import Architecture
from workers.evaluators.estimate import Estimate
from workers.evaluators.extractors import FeatureExtractor
from workers.evaluators.image_maker import ImageMaker
from workers.evaluators.jackknife import INTERVAL, mean_estimate
from workers.evaluators.perceiver import Perceiver

FEATURES, PERCEPTUAL = "feature_distance", "perceptual_distance"
KEPT_BYTES = 256 << 20  # of what is known of the full generator's images

Distances = Callable[[Tensor, Tensor], NDArray[np.float64]]


class Consistency:
    """The mean over images of a distance to the full generator's. See ImageObjective."""

    def __init__(
        self,
        name: str,
        maker: ImageMaker,
        full: Architecture,
        *,
        keep: Callable[[Tensor], Tensor],  # what `distances` needs of the full generator's images
        distances: Distances,  # of images uint8 (n, c, h, w), and what was kept, one for each
        facts: Mapping[str, Any],  # what a value depends on besides the images
    ) -> None:
        self.name = self.rows_name = name
        self._maker, self._full = maker, full
        self._keep, self._distances, self._facts = keep, distances, facts
        self._kept: dict[tuple[int, int], Tensor] = {}  # by seed and index, the first asked for

    @property
    def facts(self) -> Mapping[str, Any]:
        """See ImageObjective."""
        return {**self._facts, "teacher": str(self._full), "interval": INTERVAL}

    def rows(self, pixels: Tensor, *, seed: int, index: int) -> NDArray[np.float64]:
        """Distances (n,)."""
        return self._distances(pixels, self._of_full(seed, index))

    def estimate(self, rows: NDArray[Any], architecture: Architecture) -> Estimate:
        """See ImageObjective."""
        del architecture
        return mean_estimate(rows)

    def _of_full(self, seed: int, index: int) -> Tensor:
        if (seed, index) in self._kept:
            return self._kept[seed, index]
        made = self._keep(self._maker.shard(self._full, seed, index))
        if made.nbytes + sum(kept.nbytes for kept in self._kept.values()) <= KEPT_BYTES:
            self._kept[seed, index] = made
        return made


def feature_distance(
    maker: ImageMaker, full: Architecture, extractor: FeatureExtractor
) -> Consistency:
    """The mean squared difference of the features by which FID is judged."""

    def distances(pixels: Tensor, features: Tensor) -> NDArray[np.float64]:
        apart = (extractor(pixels).double() - features.double()).square().mean(1)
        return np.asarray(apart.numpy(), np.float64)

    return Consistency(
        FEATURES,
        maker,
        full,
        keep=extractor,
        distances=distances,
        facts={
            "extractor": extractor.name,
            "extractor_digest": extractor.digest,
            **extractor.facts,
            "distance": "mean-squared-difference",
        },
    )


def perceptual_distance(maker: ImageMaker, full: Architecture, perceiver: Perceiver) -> Consistency:
    """By the feature maps of a network that the user brings."""
    return Consistency(
        PERCEPTUAL,
        maker,
        full,
        keep=lambda images: images,
        distances=perceiver,
        facts={"perceptual_digest": perceiver.digest, "distance": perceiver.distance},
    )
