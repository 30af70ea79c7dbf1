import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from workers.evaluators.frechet import FrechetReference, statistics_to_distance
from workers.evaluators.influence import features_to_influence
from workers.evaluators.statistics import FeatureStatistics, features_to_statistics


def weighted(features: NDArray[np.float64], weights: NDArray[np.float64]) -> FeatureStatistics:
    """Of images that count as much as their weights say, which add up to their number."""
    count = len(features)
    weights = weights * count / weights.sum()
    mean = weights @ features / count
    centred = features - mean
    return FeatureStatistics(count=count, mean=mean, scatter=(centred.T * weights) @ centred)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def reference(rng: np.random.Generator) -> FrechetReference:
    return FrechetReference(statistics=features_to_statistics(rng.normal(size=(500, 6))))


def test_it_is_the_derivative_in_the_weight_of_each_image(
    rng: np.random.Generator, reference: FrechetReference
) -> None:
    features = rng.normal(0.3, 1.4, (40, 6)) @ rng.normal(size=(6, 6))
    step, found = 1e-5, []
    for image in range(40):
        ends = []
        for sign in (1, -1):
            weights = np.ones(40)
            weights[image] += sign * step
            ends.append(statistics_to_distance(weighted(features, weights), reference))
        found.append((ends[0] - ends[1]) / (2 * step) * 40)
    assert_allclose(features_to_influence(features, reference), found, rtol=1e-4, atol=1e-4)


def test_images_move_it_by_nothing_on_average(
    rng: np.random.Generator, reference: FrechetReference
) -> None:
    influence = features_to_influence(rng.normal(size=(60, 6)), reference)
    assert abs(influence.mean()) < 1e-12 < influence.std()


def test_of_one_feature_it_is_the_closed_form(rng: np.random.Generator) -> None:
    real, x = rng.normal(size=200), rng.normal(0.5, 2.0, 50)
    reference = FrechetReference(statistics=features_to_statistics(real[:, None]))
    centred, spread = x - x.mean(), real.std(ddof=1) / x.std(ddof=1)
    expected = 2 * (x.mean() - real.mean()) * centred + 50 / 49 * centred**2 * (1 - spread)
    found = features_to_influence(x[:, None], reference)
    assert_allclose(found, expected - expected.mean(), rtol=1e-9, atol=1e-9)
