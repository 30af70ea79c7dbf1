"""How sure a Fréchet distance is: a 95 % interval from leaving out one block of samples at a time.

The distance of N samples is biased upwards by c/N. A bootstrap adds a second such bias, so its
percentiles do not even contain the estimate; leaving out blocks shifts all replicates alike, which
their spread does not see. The interval is centred on the estimate and speaks of the distance at
this N, not of its limit for infinitely many samples.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.evaluators.estimate import Estimate
from workers.evaluators.frechet import (
    FrechetReference,
    features_to_distance,
    statistics_to_distance,
)
from workers.evaluators.statistics import features_to_statistics, merge, without

BLOCKS = 16
STUDENT_T = 2.131  # the 97.5 % point for BLOCKS - 1 degrees of freedom
INTERVAL = f"jackknife-{BLOCKS}"  # the name that FID protocols carry


def frechet_estimate(features: NDArray[Any], reference: FrechetReference) -> Estimate:
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
    error = np.sqrt(
        (BLOCKS - 1) / BLOCKS * np.square(np.subtract(replicates, np.mean(replicates))).sum()
    )
    margin = STUDENT_T * float(error)
    return Estimate(
        value=value,
        low=max(0.0, value - margin),
        high=value + margin,
        replicates=tuple(map(float, replicates)),
    )
