import numpy as np
from numpy.testing import assert_allclose

from workers.evaluators.frechet import FrechetReference, features_to_distance
from workers.evaluators.statistics import FeatureStatistics
from workers.scoring.extrapolation import split_half


def test_most_of_the_derived_bias_of_few_images_is_gone() -> None:
    # A generator that is as its data is scored c/N by the distance, c as derived for Gaussians:
    # 1.25 tr Σ + ½ Σᵢⱼ λᵢλⱼ/(λᵢ+λⱼ). The limit is 0.
    rng = np.random.default_rng(0)
    spectrum = 1.0 / np.arange(1, 17)
    covariance = np.diag(spectrum)
    reference = FrechetReference(
        statistics=FeatureStatistics(count=1_001, mean=np.zeros(16), scatter=covariance * 1_000)
    )
    pairs = np.multiply.outer(spectrum, spectrum) / np.add.outer(spectrum, spectrum)
    bias = (1.25 * spectrum.sum() + 0.5 * pairs.sum()) / 400
    drawn = [rng.normal(size=(400, 16)) * np.sqrt(spectrum) for _ in range(200)]
    raw = np.mean([features_to_distance(rows, reference) for rows in drawn])
    left = np.mean([split_half(rows, reference) for rows in drawn])
    assert_allclose(raw, bias, rtol=0.1)
    assert abs(left) < 0.1 * bias
