"""Paired bootstrap: an estimate from the same images drawn again with replacement, many times.

Which images are drawn depends on their number alone. So the replicates of two architectures that
were judged on the same inputs are of the same inputs too, and the difference of the replicates is a
bootstrap of the difference: what the two have in common cancels (An Introduction to the Bootstrap,
Efron and Tibshirani, 1993, section 8.3).

The distance of resampled images is biased upwards once more, by their repeats. Only the spread of
the replicates says something, and of the difference of two: there the biases nearly cancel.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.evaluators.frechet import FrechetReference, features_to_distance
from workers.evaluators.influence import features_to_influence
from workers.evaluators.statistics import Float64

REPLICATES = 128  # their spread is known to 6 %
SEED = 128  # of what is drawn, by everyone
SMOOTH_FROM = 2  # images per feature: from here on the distance is as good as linear in the weights
DIFFERENCES = f"bootstrap-{REPLICATES}"  # the name that protocols carry


def resamplings(count: int) -> Iterator[Float64]:
    """How often each of so many images is drawn, (count,): REPLICATES times, the same each call."""
    rng = np.random.default_rng([SEED, count])
    for _ in range(REPLICATES):
        drawn = rng.integers(count, size=count)
        yield np.bincount(drawn, minlength=count).astype(np.float64)


def frechet_replicates(features: NDArray[Any], reference: FrechetReference) -> tuple[float, ...]:
    """The distance of every resampling of features (n, d), n at least 2, in any i.i.d. order.

    With few images exact; with SMOOTH_FROM·d of them and more to first order in the weights, which
    then misses little and takes one eigendecomposition instead of REPLICATES.
    """
    if len(features) >= SMOOTH_FROM * features.shape[1]:
        return linear_replicates(features, reference)
    return exact_replicates(features, reference)


def linear_replicates(features: NDArray[Any], reference: FrechetReference) -> tuple[float, ...]:
    """The distance, moved by what each drawn image adds to it."""
    value = features_to_distance(features, reference)
    influence = features_to_influence(features, reference) / len(features)
    return tuple(value + float(drawn @ influence) for drawn in resamplings(len(features)))


def exact_replicates(features: NDArray[Any], reference: FrechetReference) -> tuple[float, ...]:
    """By the low-rank form: what is drawn repeats rows, so a replicate is an eigenproblem of the
    different images in it, about 0.63·n, or of the features where those are fewer.

    The products of images with each other are made once, for all replicates.
    """
    centred = features.astype(np.float64) - reference.statistics.mean
    projected = centred @ reference.root  # (n, rank)
    count, rank = projected.shape
    lengths = np.einsum("nd,nd->n", centred, centred)
    products = projected @ projected.T if count < 2 * rank else None
    replicates = []
    for drawn in resamplings(count):
        gap = drawn @ centred / count
        trace = (drawn @ lengths - count * (gap @ gap)) / (count - 1)
        kept = np.flatnonzero(drawn)
        if products is not None and len(kept) < rank:
            matrix = _gram(products[np.ix_(kept, kept)], drawn[kept], count)
        else:
            matrix = _covariance(projected[kept], drawn[kept], count)
        overlap = np.sqrt(np.linalg.eigvalsh(matrix / (count - 1)).clip(min=0.0)).sum()
        replicates.append(float(gap @ gap + trace + reference.trace - 2.0 * overlap))
    return tuple(replicates)


def _gram(products: Float64, drawn: Float64, count: int) -> Float64:
    """Of the drawn rows, centred at their mean, from the products of the rows."""
    means = products @ drawn / count
    centred = products - means - means[:, None] + drawn @ means / count
    roots = np.sqrt(drawn)
    gram: Float64 = centred * roots * roots[:, None]
    return gram


def _covariance(rows: Float64, drawn: Float64, count: int) -> Float64:
    """The drawn rows' scatter about their mean."""
    centred = (rows - drawn @ rows / count) * np.sqrt(drawn)[:, None]
    return centred.T @ centred
