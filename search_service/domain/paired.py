"""Whether two values differ by more than noise, paired where both were judged on equal inputs.

Architectures of a supernet are judged on the same latents, so much of their noise is common. The
jackknife of the *difference* keeps only what is not.
"""

import math

import numpy as np
from scipy.special import stdtrit

from search_service.domain.evaluation import Value

LEVEL = 0.975  # two-sided 95 %


def margin(a: Value, b: Value) -> float:
    """Half the width of the 95 % interval of `a - b`; 0 for two numbers without intervals.

    Paired (delete-a-block jackknife, as many replicates as blocks) when both followed one protocol
    and carry replicates; otherwise the two half-widths are added as independent.
    """
    blocks = len(a.replicates)
    if blocks > 1 and blocks == len(b.replicates) and a.protocol_digest == b.protocol_digest:
        differences = np.subtract(a.replicates, b.replicates)
        spread = np.square(differences - differences.mean()).sum()
        error = math.sqrt((blocks - 1) / blocks * float(spread))
        return float(stdtrit(blocks - 1, LEVEL)) * error
    return math.hypot(_half_width(a), _half_width(b))


def tied(a: Value, b: Value) -> bool:
    """Whether the 95 % interval of `a - b` holds zero. Exact numbers are tied with none."""
    if a.high is None and b.high is None:
        return False
    return abs(a.value - b.value) <= margin(a, b)


def _half_width(value: Value) -> float:
    """From the upper end: the lower one is cut off at zero where a value cannot be negative."""
    return 0.0 if value.high is None else value.high - value.value
