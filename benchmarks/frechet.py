"""Fréchet distance at d = 2048 against scipy's general matrix square root, and how exact it is.

Two cases: 4,096 samples by the symmetric form, and 512 by the low-rank one. In both the usual way
is given everything that can be given: the covariances are formed beforehand, and only the square
root of their product and the traces are timed; ours starts from the features themselves in the
second case. The reference's root is made before, as in a search. One process, one BLAS thread, CPU
seconds (so that a busy machine matters little), the fewest of three runs, for ours and for theirs.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/frechet.py

The measure of exactness is the sum of singular values of X·A, added up in long double: X the
centred samples over √(N-1), A a root of the reference's covariance by another eigensolver.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import scipy.linalg

from workers.evaluators.frechet import (
    FrechetReference,
    features_to_distance,
    statistics_to_distance,
)
from workers.evaluators.statistics import FeatureStatistics, Float64, features_to_statistics

FEW = 512


def timed(work: Callable[[], float], repeats: int) -> tuple[float, float]:
    """The value, and the fewest CPU seconds it took."""
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        value = work()
        taken.append(time.process_time() - start)
    return value, min(taken)


def by_general_root(fake: FeatureStatistics, real: FeatureStatistics) -> Callable[[], float]:
    """The usual way: the square root of the product of the covariances, which are there."""
    ours, theirs = fake.covariance, real.covariance

    def work() -> float:
        root = scipy.linalg.sqrtm(theirs @ ours)
        gap = fake.mean - real.mean
        traces = np.trace(theirs) + np.trace(ours)
        return float(gap @ gap + traces - 2.0 * np.trace(root).real)

    return work


def by_singular_values(drawn: Float64, real: FeatureStatistics) -> float:
    """The same distance with nothing shared with ours: scipy's solvers and exact sums."""
    eigenvalues, vectors = scipy.linalg.eigh(real.covariance, driver="evd")
    root = vectors * np.sqrt(eigenvalues.clip(min=0.0))
    mean = drawn.mean(axis=0)
    centred = (drawn - mean) / np.sqrt(len(drawn) - 1)
    values = scipy.linalg.svdvals(centred @ root, check_finite=False)
    gap = (mean - real.mean).astype(np.longdouble)
    total = (gap**2).sum() + (centred.astype(np.longdouble) ** 2).sum()
    total += (
        np.trace(real.covariance).astype(np.longdouble) - 2 * values.astype(np.longdouble).sum()
    )
    return float(total)


def features(rng: np.random.Generator, count: int, size: int, turn: Float64) -> Float64:
    """Rectified correlated Gaussians with a falling spectrum, as pooled features look."""
    spectrum = np.arange(1, size + 1) ** -0.4
    drawn: Float64 = np.maximum((rng.normal(size=(count, size)) * spectrum) @ turn, 0.0)
    return drawn


def main() -> None:
    """Print one line per figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    size, rng = arguments.size, np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(size, size)))[0]
    real = features_to_statistics(features(rng, 4 * size, size, turn))
    drawn = features(rng, 2 * size, size, turn) * 1.05
    reference = FrechetReference(statistics=real)
    _ = reference.root
    repeats = arguments.repeats

    print(f"d={size}, CPU seconds, one thread, fewest of {repeats}")
    many = features_to_statistics(drawn)
    ours, ours_s = timed(lambda: statistics_to_distance(many, reference), repeats)
    usual, usual_s = timed(by_general_root(many, real), repeats)
    print(f"{2 * size} samples, general square root {usual_s:8.3f} s  distance {usual:.9f}")
    print(f"{2 * size} samples, symmetric form      {ours_s:8.3f} s  distance {ours:.9f}")
    print(f"symmetric is {usual_s / ours_s:.1f}x faster (goal: at least 8)")
    print(f"relative difference {abs(ours / usual - 1):.1e} (goal: at most 1e-6)")

    few = drawn[:FEW]
    ours, ours_s = timed(lambda: features_to_distance(few, reference), repeats)
    usual, usual_s = timed(by_general_root(features_to_statistics(few), real), repeats)
    exact = by_singular_values(few, real)
    print(f"{FEW} samples, general square root  {usual_s:8.3f} s  distance {usual:.9f}")
    print(f"{FEW} samples, low-rank form        {ours_s:8.3f} s  distance {ours:.9f}")
    print(f"{FEW} samples, by singular values              distance {exact:.9f}")
    print(f"low-rank is {usual_s / ours_s:.1f}x faster (goal: at least 50)")
    print(
        f"relative difference to singular values {abs(ours / exact - 1):.1e} (goal: at most 1e-9)"
    )
    print(f"absolute difference of the usual way {abs(usual - exact):.1e}")


if __name__ == "__main__":
    main()
