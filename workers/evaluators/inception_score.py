"""The inception score: how sure a classifier is of each image, and how varied the images are.

exp(E KL(p(y|x) || p(y))), from 1 to the number of classes (Improved Techniques for Training GANs,
Salimans et al., 2016, section 4). As published it is the mean over ten splits of the images, in
their order. It looks at no real image.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, logsumexp

from workers.evaluators.statistics import Float64

SPLITS = 10


def logits_to_log_probabilities(logits: NDArray[Any]) -> Float64:
    """(n, classes); a probability of zero has a finite logarithm here, and never makes NaN."""
    logs: Float64 = log_softmax(logits.astype(np.float64), axis=1)
    return logs


def log_probabilities_to_score(logs: Float64) -> float:
    """Of one split (n, classes), n at least 1."""
    marginal = logsumexp(logs, axis=0) - np.log(len(logs))
    divergences = (np.exp(logs) * (logs - marginal)).sum(axis=1)
    return float(np.exp(divergences.mean()))


def score_of_splits(logs: Float64, splits: int = SPLITS) -> float:
    """The mean over splits of (n, classes), n at least `splits`."""
    return float(
        np.mean([log_probabilities_to_score(part) for part in np.array_split(logs, splits)])
    )
