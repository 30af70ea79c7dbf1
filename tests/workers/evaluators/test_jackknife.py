import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from workers.evaluators.frechet import FrechetReference, features_to_distance
from workers.evaluators.jackknife import frechet_interval, mean_estimate
from workers.evaluators.statistics import features_to_statistics


def features(rng: np.random.Generator, count: int, shift: float = 0.2) -> NDArray[np.float64]:
    spread = 1.0 / np.sqrt(np.arange(1, 17))
    drawn: NDArray[np.float64] = rng.normal(shift, 1.1, (count, 16)) * spread
    return drawn


@pytest.fixture
def reference() -> FrechetReference:
    real = features(np.random.default_rng(0), 20_000, shift=0.0)
    return FrechetReference(statistics=features_to_statistics(real))


@pytest.mark.parametrize("count", [512, 500, 32])
def test_the_interval_is_centred_on_the_distance_of_all_samples(
    reference: FrechetReference, count: int
) -> None:
    sample = features(np.random.default_rng(1), count)
    estimate = frechet_interval(sample, reference)
    assert_allclose(estimate.value, features_to_distance(sample, reference), rtol=1e-10)
    if estimate.low > 0.0:
        assert_allclose(estimate.high + estimate.low, 2 * estimate.value, rtol=1e-12)


def test_it_covers_the_mean_of_repeated_estimates_about_as_often_as_it_says(
    reference: FrechetReference,
) -> None:
    rng = np.random.default_rng(2)
    estimates = [frechet_interval(features(rng, 512), reference) for _ in range(200)]
    truth = np.mean([estimate.value for estimate in estimates])
    covered = np.mean([estimate.low <= truth <= estimate.high for estimate in estimates])
    assert 0.90 <= covered <= 0.995


def test_below_full_rank_the_interval_is_still_of_the_right_size(
    reference: FrechetReference,
) -> None:
    rng = np.random.default_rng(3)
    wide = np.random.default_rng(4).normal(size=(16, 200)) / 4
    real = features_to_statistics(features(rng, 5_000, 0.0) @ wide)
    flat = FrechetReference(statistics=real)
    estimates = [frechet_interval(features(rng, 150) @ wide, flat) for _ in range(40)]
    spread = np.std([estimate.value for estimate in estimates])
    half_widths = [(estimate.high - estimate.low) / 2 for estimate in estimates]
    assert 1.4 < np.mean(half_widths) / spread < 3.5  # 2.1 if both were known exactly


@pytest.mark.parametrize("count", [8, 16, 160])
def test_a_mean_has_the_interval_of_students_t_when_blocks_are_even(count: int) -> None:
    scores = np.random.default_rng(5).uniform(1, 2, count)
    blocks = scores.reshape(min(16, count), -1).mean(axis=1)
    error = blocks.std(ddof=1) / np.sqrt(len(blocks))
    estimate = mean_estimate(scores)
    assert_allclose(estimate.value, scores.mean(), rtol=1e-12)
    quantile = {8: 2.364624, 16: 2.131450}[len(blocks)]
    assert_allclose(estimate.high - estimate.value, quantile * error, rtol=1e-6)
    assert len(estimate.replicates) == len(blocks)
