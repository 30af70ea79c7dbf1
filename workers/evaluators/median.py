"""The median of a sample with a 95 % interval that assumes nothing about its distribution."""

from math import comb

import numpy as np
from numpy.typing import NDArray

from workers.evaluators.estimate import Estimate

SMALLEST = 6  # below six values no pair of them encloses the median with 95 %


def median_estimate(values: NDArray[np.float64]) -> Estimate:
    """The interval is between two order statistics: how many of n independent values lie below the
    true median is binomial(n, ½)."""
    count = len(values)
    assert count >= SMALLEST
    ordered = np.sort(values)
    tail, rank = 0.0, 0
    while (tail := tail + comb(count, rank) / 2**count) <= 0.025:
        rank += 1
    return Estimate(
        value=float(np.median(ordered)),
        low=float(ordered[rank - 1]),
        high=float(ordered[count - rank]),
    )
