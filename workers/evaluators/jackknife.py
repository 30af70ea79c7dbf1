"""How sure an estimate is: a 95 % interval from leaving out one block of samples at a time.

The Fréchet distance of N samples is biased upwards by c/N. A bootstrap adds a second such bias, so
its percentiles do not even contain the estimate; leaving out blocks shifts all replicates alike,
which their spread does not see. The interval is centred on the estimate and speaks of the distance
at this N, not of its limit for infinitely many samples.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from workers.evaluators.estimate import Estimate
from workers.evaluators.frechet import (
    FrechetReference,
    features_to_distance,
    statistics_to_distance,
)
from workers.evaluators.statistics import features_to_statistics, merge, without

BLOCKS = 16  # fewer where there are fewer samples
LEVEL = 0.975  # two-sided 95 %
INTERVAL = f"jackknife-{BLOCKS}"  # the name that protocols carry


def frechet_interval(features: NDArray[Any], reference: FrechetReference) -> Estimate:
    """Distance of features (n, d) to the reference, n at least 2·BLOCKS, in any i.i.d. order."""
    blocks = np.array_split(features, BLOCKS)
    if len(features) - len(blocks[0]) > features.shape[1]:  # what is left still has full rank
        shards = [features_to_statistics(block) for block in blocks]
        whole = merge(shards)
        value = statistics_to_distance(whole, reference)
        replicates = [statistics_to_distance(without(whole, shard), reference) for shard in shards]
    else:
        value = features_to_distance(features, reference)
        rest = (np.concatenate(blocks[:i] + blocks[i + 1 :]) for i in range(BLOCKS))
        replicates = [features_to_distance(some, reference) for some in rest]
    return jackknife(value, replicates)


def mean_estimate(scores: NDArray[Any]) -> Estimate:
    """The mean of scores (n,), none negative, one of each image, n at least 2."""
    blocks = np.array_split(scores.astype(np.float64), min(BLOCKS, len(scores)))
    total = math.fsum(scores)
    rest = [(total - math.fsum(block)) / (len(scores) - len(block)) for block in blocks]
    return jackknife(total / len(scores), rest)


def jackknife(
    value: float,
    replicates: Sequence[float],
    *,
    least: float = 0.0,
    most: float = math.inf,
) -> Estimate:
    """A value that lies between `least` and `most` by its nature, and what it is without each block
    of samples in turn."""
    count = len(replicates)
    spread = np.square(np.subtract(replicates, np.mean(replicates))).sum()
    error = math.sqrt((count - 1) / count * float(spread))
    margin = float(stdtrit(count - 1, LEVEL)) * error
    return Estimate(
        value=value,
        low=max(least, value - margin),
        high=min(most, value + margin),
        replicates=tuple(map(float, replicates)),
    )
