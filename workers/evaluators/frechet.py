"""The Fréchet distance of two Gaussians, with everything about the reference computed once.

d² = |μ₁-μ₂|² + tr Σ₁ + tr Σ₂ - 2 tr (Σ₁Σ₂)^½ (Dowson and Landau 1982; GANs Trained by a Two
Time-Scale Update Rule, Heusel et al. 2017, equation 6). With Σ₁ = AAᵀ the matrix AᵀΣ₂A is
symmetric and shares the eigenvalues of Σ₁Σ₂: a symmetric eigenvalue problem instead of the square
root of a general matrix. With fewer samples than dimensions, Σ₂ = XᵀX for the few centred and
scaled samples X, and the last trace is the sum of the singular values of XA (Mathiasen and
Hvilshøj 2020): cheaper still, and exact where the other form rounds zero eigenvalues up.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.evaluators.statistics import FeatureStatistics, Float64


@dataclass(frozen=True, kw_only=True, eq=False)
class FrechetReference:
    """The reference side of the distance: statistics of the real images, and a root once asked."""

    statistics: FeatureStatistics

    @cached_property
    def trace(self) -> float:
        """tr Σ₁."""
        return float(np.trace(self.statistics.covariance))

    @cached_property
    def root(self) -> Float64:
        """A with AAᵀ = Σ₁, (d, rank at most d); one eigendecomposition."""
        eigenvalues, vectors = np.linalg.eigh(self.statistics.covariance)
        # Rounding makes zeros slightly negative: clipped. Small ones are kept: cutting them off
        # would bias the distance. Only columns that cannot matter go: there are at most count - 1.
        kept = slice(max(0, len(eigenvalues) - (self.statistics.count - 1)), None)
        return np.ascontiguousarray(vectors[:, kept] * np.sqrt(eigenvalues[kept].clip(min=0.0)))


def statistics_to_distance(statistics: FeatureStatistics, reference: FrechetReference) -> float:
    """The distance by the symmetric form: for at least as many samples as dimensions."""
    covariance, root = statistics.covariance, reference.root
    eigenvalues = np.linalg.eigvalsh(root.T @ covariance @ root)
    overlap = np.sqrt(eigenvalues.clip(min=0.0)).sum()
    return _assemble(statistics.mean, float(np.trace(covariance)), float(overlap), reference)


def features_to_distance(features: NDArray[Any], reference: FrechetReference) -> float:
    """The distance of features (n, d), n at least 2: the low-rank form when n is below d."""
    wide = features.astype(np.float64)
    count, size = wide.shape
    mean = wide.mean(axis=0)
    centred = (wide - mean) / np.sqrt(count - 1)
    if count > size:
        statistics = FeatureStatistics(
            count=count, mean=mean, scatter=(count - 1) * (centred.T @ centred)
        )
        return statistics_to_distance(statistics, reference)
    overlap = np.linalg.svd(centred @ reference.root, compute_uv=False).sum()
    return _assemble(mean, float((centred**2).sum()), float(overlap), reference)


def _assemble(mean: Float64, trace: float, overlap: float, reference: FrechetReference) -> float:
    gap = mean - reference.statistics.mean
    return float(gap @ gap) + trace + reference.trace - 2.0 * overlap
