"""Fréchet distance at d = 2048: the symmetric form against scipy's general matrix square root.

Same matrices, one process, one BLAS thread, CPU seconds (so a busy machine matters little); the
reference's root is made before, as in a search. Also the low-rank form for 512 samples.

    OMP_NUM_THREADS=1 python benchmarks/frechet.py
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


def timed(work: Callable[[], float], repeats: int) -> tuple[float, float]:
    """The value, and the fewest CPU seconds it took."""
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        value = work()
        taken.append(time.process_time() - start)
    return value, min(taken)


def by_general_root(fake: FeatureStatistics, real: FeatureStatistics) -> float:
    """The usual way: the square root of the product of the covariances."""
    root = scipy.linalg.sqrtm(real.covariance @ fake.covariance)
    gap = fake.mean - real.mean
    traces = np.trace(real.covariance) + np.trace(fake.covariance)
    return float(gap @ gap + traces - 2.0 * np.trace(root).real)


def features(rng: np.random.Generator, count: int, size: int, turn: Float64) -> Float64:
    """Rectified correlated Gaussians with a falling spectrum, as pooled features look."""
    spectrum = np.arange(1, size + 1) ** -0.4
    drawn: Float64 = np.maximum((rng.normal(size=(count, size)) * spectrum) @ turn, 0.0)
    return drawn


def main() -> None:
    """Print one line per figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=2048)
    arguments = parser.parse_args()
    size, rng = arguments.size, np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(size, size)))[0]
    real = features_to_statistics(features(rng, 4 * size, size, turn))
    drawn = features(rng, 2 * size, size, turn) * 1.05
    fake = features_to_statistics(drawn)
    reference = FrechetReference(statistics=real)
    _ = reference.root

    ours, ours_s = timed(lambda: statistics_to_distance(fake, reference), 3)
    usual, usual_s = timed(lambda: by_general_root(fake, real), 1)
    few, few_s = timed(lambda: features_to_distance(drawn[:512], reference), 3)
    print(f"d={size}, CPU seconds, one thread")
    print(f"general square root  {usual_s:8.3f} s  distance {usual:.9f}")
    print(f"symmetric form       {ours_s:8.3f} s  distance {ours:.9f}")
    print(f"low-rank, 512 samples{few_s:8.3f} s  distance {few:.9f}")
    print(f"symmetric is {usual_s / ours_s:.1f}x faster (goal: at least 8)")
    print(f"relative difference {abs(ours / usual - 1):.1e} (goal: at most 1e-6)")


if __name__ == "__main__":
    main()
