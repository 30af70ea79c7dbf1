"""Whether two values differ by more than noise, paired where both were judged on equal inputs.

Architectures of a supernet are judged on the same latents, so much of their noise is common. What
is left of it in the *difference* is estimated from the two values' replicates, which are of the
same images: the difference of two replicates is a replicate of the difference.
"""

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from search_service.domain.evaluation import Value
from search_service.domain.resampling import Resampling

LEVEL = 0.975  # two-sided 95 %


def margin(a: Value, b: Value) -> float:
    """Half the width of the 95 % interval of `a - b`; 0 for two numbers without intervals.

    Paired (bootstrap, or delete-a-block jackknife where the values came with that one's replicates)
    when both followed one protocol and carry replicates; otherwise the two half-widths are added
    as independent.
    """
    count = len(a.replicates)
    if count > 1 and count == len(b.replicates) and a.protocol_digest == b.protocol_digest:
        differences = np.subtract(a.replicates, b.replicates)
        error = STANDARD_ERRORS[Resampling(a.resampling)](differences)
        # Student's factor: of so many blocks the spread is known to so much; of so many resamplings
        # it is as good as the normal one.
        return float(stdtrit(count - 1, LEVEL)) * error
    return math.hypot(half_width(a), half_width(b))


def tied(a: Value, b: Value) -> bool:
    """Whether the 95 % interval of `a - b` holds zero. Exact numbers are tied with none."""
    if a.high is None and b.high is None:
        return False
    return abs(a.value - b.value) <= margin(a, b)


def jackknife_error(replicates: NDArray[np.float64]) -> float:
    """The standard error of what these replicates, each without one of as many blocks, are of."""
    spread = float(np.square(replicates - replicates.mean()).sum())
    return math.sqrt((len(replicates) - 1) / len(replicates) * spread)


def bootstrap_error(replicates: NDArray[np.float64]) -> float:
    """The standard error of what these replicates, of resampled images, are of."""
    return float(replicates.std(ddof=1))


STANDARD_ERRORS: Mapping[Resampling, Callable[[NDArray[np.float64]], float]] = {
    Resampling.JACKKNIFE: jackknife_error,
    Resampling.BOOTSTRAP: bootstrap_error,
}


def half_width(value: Value) -> float:
    """Of a value's interval, from its upper end: the lower one is cut off at zero where a value
    cannot be negative."""
    return 0.0 if value.high is None else value.high - value.value
