"""Feature statistics: count, mean and scatter of features, in float64, mergeable across shards.

The scatter Σ(x-mean)(x-mean)ᵀ is kept instead of sums of squares: merging it loses no digits when
features sit far from zero (Chan, Golub, LeVeque 1983).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureStatistics:
    """Moments of `count` feature vectors of size d."""

    count: int
    mean: Float64  # (d,)
    scatter: Float64  # (d, d)

    @property
    def covariance(self) -> Float64:
        """Divided by count - 1, so it needs two vectors."""
        assert self.count > 1, "the covariance of fewer than two features is undefined"
        return self.scatter / (self.count - 1)


def features_to_statistics(features: NDArray[Any]) -> FeatureStatistics:
    """Statistics of features (n, d), n at least 1; float32 is widened before anything is summed."""
    wide = features.astype(np.float64)
    mean = wide.mean(axis=0)
    centred = wide - mean
    return FeatureStatistics(count=len(wide), mean=mean, scatter=centred.T @ centred)


def merge(shards: Iterable[FeatureStatistics]) -> FeatureStatistics:
    """Statistics of all the shards' features together.

    Order changes the last bits only; merge in shard order where results are compared by hash.
    """
    return reduce(_merge_two, shards)


def _merge_two(a: FeatureStatistics, b: FeatureStatistics) -> FeatureStatistics:
    count = a.count + b.count
    step = b.mean - a.mean
    return FeatureStatistics(
        count=count,
        mean=a.mean + step * (b.count / count),
        scatter=a.scatter + b.scatter + np.outer(step, step) * (a.count * b.count / count),
    )


def without(whole: FeatureStatistics, shard: FeatureStatistics) -> FeatureStatistics:
    """Statistics of what is left of `whole` when the features of `shard` are taken out of it."""
    count = whole.count - shard.count
    mean = (whole.count * whole.mean - shard.count * shard.mean) / count
    step = shard.mean - mean
    scatter = whole.scatter - shard.scatter
    scatter -= np.outer(step, step) * (count * shard.count / whole.count)
    return FeatureStatistics(count=count, mean=mean, scatter=scatter)
