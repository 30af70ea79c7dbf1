import numpy as np
import pytest
from numpy.testing import assert_allclose

from workers.evaluators.statistics import features_to_statistics, merge, without


@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("cuts", [[1], [40, 41, 90], [7, 60]])
def test_merged_shards_equal_the_whole(offset: float, cuts: list[int]) -> None:
    features = np.random.default_rng(0).normal(offset, 1.0, (100, 5))
    shards = [features_to_statistics(part) for part in np.split(features, cuts)]
    merged = merge(shards)
    assert merged.count == 100
    assert_allclose(merged.mean, features.mean(axis=0), rtol=1e-14)
    assert_allclose(merged.covariance, np.cov(features.T), rtol=1e-10, atol=1e-12)


def test_taking_a_shard_out_undoes_merging_it() -> None:
    features = np.random.default_rng(1).normal(3.0, 2.0, (60, 4))
    a, b = features_to_statistics(features[:45]), features_to_statistics(features[45:])
    left = without(merge([a, b]), b)
    assert left.count == 45
    assert_allclose(left.mean, a.mean, rtol=1e-13)
    assert_allclose(left.scatter, a.scatter, rtol=1e-11)


def test_float32_features_are_summed_in_float64() -> None:
    features = np.random.default_rng(2).normal(1e3, 1.0, (5_000, 3)).astype(np.float32)
    statistics = features_to_statistics(features)
    assert_allclose(statistics.covariance, np.cov(features.T.astype(np.float64)), rtol=1e-12)


def test_one_feature_has_no_covariance() -> None:
    with pytest.raises(AssertionError, match="undefined"):
        _ = features_to_statistics(np.ones((1, 3))).covariance
