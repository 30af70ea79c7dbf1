from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from workers.evaluators.frechet import (
    FrechetReference,
    features_to_distance,
    statistics_to_distance,
)
from workers.evaluators.statistics import FeatureStatistics, Float64, features_to_statistics

ORACLE = Path(__file__).parents[2] / "fixtures" / "frechet" / "gan_compression.npz"


def moments(mean: Float64, covariance: Float64, count: int = 1_001) -> FeatureStatistics:
    return FeatureStatistics(count=count, mean=mean, scatter=covariance * (count - 1))


def distance(real: FeatureStatistics, fake: FeatureStatistics) -> float:
    return statistics_to_distance(fake, FrechetReference(statistics=real))


def covariance(rng: np.random.Generator, size: int) -> Float64:
    root = rng.normal(size=(size, 2 * size))
    product: Float64 = root @ root.T / size
    return product


def test_one_dimension_is_the_squared_gap_of_means_and_deviations() -> None:
    a, b = (moments(np.array([m]), np.array([[s**2]])) for m, s in ((1.0, 2.0), (4.0, 0.5)))
    assert_allclose(distance(a, b), 3.0**2 + 1.5**2, rtol=1e-14)


def test_commuting_covariances_compare_by_their_standard_deviations() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.uniform(0.1, 4.0, (2, 6))
    gap = rng.normal(size=6)
    expected = (gap**2).sum() + ((np.sqrt(a) - np.sqrt(b)) ** 2).sum()
    turn = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    left = moments(np.zeros(6), turn @ np.diag(a) @ turn.T)
    right = moments(turn @ gap, turn @ np.diag(b) @ turn.T)
    assert_allclose(distance(left, right), expected, rtol=1e-12)


def test_equal_covariances_leave_the_gap_of_the_means() -> None:
    sigma = covariance(np.random.default_rng(1), 5)
    gap = np.arange(5.0)
    assert_allclose(distance(moments(np.zeros(5), sigma), moments(gap, sigma)), 30.0, rtol=1e-9)


def test_scaled_covariance_has_its_closed_form() -> None:
    sigma = covariance(np.random.default_rng(2), 5)
    found = distance(moments(np.zeros(5), sigma), moments(np.zeros(5), 9.0 * sigma))
    assert_allclose(found, 4.0 * np.trace(sigma), rtol=1e-12)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.integers(1, 8), scale=st.floats(0.1, 10.0))
def test_symmetric_in_its_sides_and_quadratic_in_the_features(
    seed: int, size: int, scale: float
) -> None:
    rng = np.random.default_rng(seed)
    a, b = (moments(rng.normal(size=size), covariance(rng, size)) for _ in range(2))
    found = distance(a, b)
    assert found >= 0.0
    assert_allclose(distance(b, a), found, rtol=1e-7)
    scaled = (moments(m.mean * scale, m.covariance * scale**2) for m in (a, b))
    assert_allclose(distance(*scaled), found * scale**2, rtol=1e-7)


@pytest.mark.parametrize(("count", "real_count"), [(20, 500), (64, 500), (20, 15), (65, 500)])
def test_the_low_rank_form_equals_the_symmetric_one(count: int, real_count: int) -> None:
    rng = np.random.default_rng(3)
    real, fake = rng.normal(size=(real_count, 64)), rng.normal(0.3, 1.2, (count, 64))
    reference = FrechetReference(statistics=features_to_statistics(real))
    low_rank = features_to_distance(fake, reference)
    # Zero eigenvalues come out as rounding noise, whose square roots the symmetric form adds up.
    assert_allclose(
        low_rank, statistics_to_distance(features_to_statistics(fake), reference), rtol=1e-5
    )


def test_features_compared_with_themselves_are_at_no_distance_even_below_full_rank() -> None:
    features = np.random.default_rng(4).normal(size=(30, 100))
    reference = FrechetReference(statistics=features_to_statistics(features))
    assert abs(features_to_distance(features, reference)) < 1e-12


@pytest.mark.parametrize(("case", "rtol"), [("full_rank", 1e-6), ("rank_deficient", 1e-4)])
def test_it_agrees_with_the_published_program(case: str, rtol: float) -> None:
    with np.load(ORACLE) as oracle:
        one, two, fid = (oracle[f"{case}/{part}"] for part in ("feat1", "feat2", "fid"))
    reference = FrechetReference(statistics=features_to_statistics(one))
    assert_allclose(features_to_distance(two, reference), fid, rtol=rtol)


def test_the_bias_of_few_samples_is_the_one_derived_for_gaussian_features() -> None:
    # E[FID of N] = c/N with c = 1.25 tr Σ + ½ Σᵢⱼ λᵢλⱼ/(λᵢ+λⱼ), when real and fake are alike.
    rng = np.random.default_rng(5)
    spectrum = 1.0 / np.arange(1, 17)
    reference = FrechetReference(statistics=moments(np.zeros(16), np.diag(spectrum)))
    pairs = np.multiply.outer(spectrum, spectrum) / np.add.outer(spectrum, spectrum)
    constant = 1.25 * spectrum.sum() + 0.5 * pairs.sum()
    found = [
        features_to_distance(rng.normal(size=(800, 16)) * np.sqrt(spectrum), reference)
        for _ in range(200)
    ]
    assert_allclose(np.mean(found), constant / 800, rtol=0.05)
