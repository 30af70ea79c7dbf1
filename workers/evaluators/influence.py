"""How much each image moves the Fréchet distance: its derivative at the features' own weights.

With S = AᵀΣA the derivative of 2 tr S^½ in the direction dΣ is tr(S^-½ AᵀdΣA), so an image x adds

    2 (μ - m)·(x - μ) + n/(n-1)·(|x - μ|² - |S^-¼ Aᵀ(x - μ)|²)

less the mean of that over all images, where m is the reference's mean and AAᵀ its covariance. (The
influence function of robust statistics; Hampel 1974.)
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.evaluators.frechet import FrechetReference
from workers.evaluators.statistics import Float64

SMALLEST = 1e-12  # of the largest eigenvalue: below it there is nothing but rounding


def features_to_influence(features: NDArray[Any], reference: FrechetReference) -> Float64:
    """Of features (n, d), more of them than d: (n,), of mean zero. Weighting image i by 1 + ε
    instead of 1 moves the distance by ε/n times its influence."""
    wide = features.astype(np.float64)
    count, mean = len(wide), wide.mean(axis=0)
    centred = wide - mean
    projected = centred @ reference.root
    values, vectors = np.linalg.eigh(projected.T @ projected / (count - 1))
    scaled = projected @ (vectors * values.clip(min=SMALLEST * values[-1]) ** -0.25)
    moved = np.einsum("nd,nd->n", centred, centred) - np.einsum("nd,nd->n", scaled, scaled)
    moved *= count / (count - 1)
    moved += 2.0 * (centred @ (mean - reference.statistics.mean))
    influence: Float64 = moved - moved.mean()
    return influence
