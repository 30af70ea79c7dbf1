"""Replicates against repeated rows, closed forms and repeated experiments."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from search_service.domain.evaluation import Value
from search_service.domain.paired import margin, tied
from workers.evaluators.bootstrap import (
    REPLICATES,
    SMOOTH_FROM,
    exact_replicates,
    frechet_replicates,
    linear_replicates,
    resamplings,
)
from workers.evaluators.estimate import Estimate
from workers.evaluators.frechet import FrechetReference, features_to_distance
from workers.evaluators.frechet_estimate import frechet_estimate
from workers.evaluators.jackknife import frechet_interval
from workers.evaluators.statistics import features_to_statistics

SIZE = 16
SPECTRUM = 1.0 / np.sqrt(np.arange(1, SIZE + 1))
Features = NDArray[np.float64]
Estimated = Callable[[Features, FrechetReference], Estimate]


def features(rng: np.random.Generator, count: int, shift: float = 0.2) -> Features:
    drawn: Features = rng.normal(shift, 1.1, (count, SIZE)) * SPECTRUM
    return drawn


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(1)


@pytest.fixture
def reference() -> FrechetReference:
    real = features(np.random.default_rng(0), 20_000, shift=0.0)
    return FrechetReference(statistics=features_to_statistics(real))


def as_value(estimate: Estimate) -> Value:
    return Value(
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        protocol_digest="p",
        replicates=estimate.replicates,
        resampling=estimate.resampling,
    )


def test_everyone_draws_the_same_images_and_as_many_as_there_are() -> None:
    first, again = np.array(list(resamplings(50))), np.array(list(resamplings(50)))
    assert first.shape == (REPLICATES, 50)
    assert (first == again).all()
    assert (first.sum(axis=1) == 50).all()
    assert len(np.unique(first, axis=0)) == REPLICATES
    assert_allclose(first.mean(), 1.0)
    assert 0.8 < first.var() < 1.2  # of Poisson's law, nearly


@pytest.mark.parametrize("count", [6, 12, 20, 31, 40, 200])
def test_a_replicate_is_the_distance_of_the_images_that_were_drawn(
    rng: np.random.Generator, reference: FrechetReference, count: int
) -> None:
    sample = features(rng, count)
    expected = [
        features_to_distance(np.repeat(sample, drawn.astype(int), axis=0), reference)
        for drawn in resamplings(count)
    ]
    assert_allclose(exact_replicates(sample, reference), expected, rtol=1e-6)


def test_so_it_is_when_the_reference_has_few_images(rng: np.random.Generator) -> None:
    few = FrechetReference(statistics=features_to_statistics(features(rng, 9)))
    sample = features(rng, 12)
    repeated = (np.repeat(sample, drawn.astype(int), axis=0) for drawn in resamplings(12))
    expected = [features_to_distance(some, few) for some in repeated]
    assert_allclose(exact_replicates(sample, few), expected, rtol=1e-6)


@pytest.mark.parametrize("count", [SMOOTH_FROM * SIZE, 512])
def test_with_many_images_first_order_is_enough_for_differences(
    rng: np.random.Generator, reference: FrechetReference, count: int
) -> None:
    one = features(rng, count)
    other = one + features(rng, count, 0.0) * 0.3
    spreads = [
        np.std(np.subtract(found(one, reference), found(other, reference)), ddof=1)
        for found in (linear_replicates, exact_replicates)
    ]
    assert_allclose(spreads[0], spreads[1], rtol=0.35 if count < 100 else 0.1)
    chosen = frechet_replicates(one, reference)
    assert chosen == linear_replicates(one, reference)


def test_with_fewer_it_is_exact(rng: np.random.Generator, reference: FrechetReference) -> None:
    sample = features(rng, SMOOTH_FROM * SIZE - 1)
    assert frechet_replicates(sample, reference) == exact_replicates(sample, reference)


@pytest.mark.parametrize("count", [24, 400])
def test_the_spread_of_a_shift_is_its_closed_form(
    rng: np.random.Generator, reference: FrechetReference, count: int
) -> None:
    """Images moved by s differ in the distance by -2 s·(mean - m) - |s|²: the covariances cancel,
    and what is left is the noise of a mean."""
    sample, shift = features(rng, count), 0.5 * SPECTRUM
    one, moved = (frechet_replicates(some, reference) for some in (sample, sample + shift))
    differences = np.subtract(moved, one)
    noise = 2 * np.std(sample @ shift) / np.sqrt(count)
    assert_allclose(differences.std(ddof=1), noise, rtol=0.2)
    value = 2 * shift @ (sample.mean(axis=0) - reference.statistics.mean) + shift @ shift
    assert_allclose(differences.mean(), value, atol=4 * noise / np.sqrt(REPLICATES))


@pytest.mark.parametrize("estimated", [frechet_estimate, frechet_interval])
@pytest.mark.parametrize(("count", "own"), [(128, 0.1), (512, 0.1), (128, 1.0)])
def test_the_interval_of_a_difference_covers_as_often_as_it_says(
    reference: FrechetReference, estimated: Estimated, count: int, own: float
) -> None:
    """Bootstrap and jackknife: generators that share their latents but for `own`. Equal ones, so
    that the truth is 0, and tied but for one time in twenty; and the second worse than the first by
    what is known without noise."""
    rng, trials = np.random.default_rng(2), 300
    covered, ties = [], []
    for _ in range(trials):
        common = features(rng, count)
        a, b = (
            as_value(estimated(common + own * features(rng, count, 0.0), reference))
            for _ in range(2)
        )
        ties.append(tied(a, b))
        shift = 0.5 * SPECTRUM
        moved = as_value(estimated(common + shift, reference))
        plain = as_value(estimated(common, reference))
        truth = 2 * shift @ (0.2 * SPECTRUM - reference.statistics.mean) + shift @ shift
        covered.append(abs(moved.value - plain.value - truth) <= margin(moved, plain))
    three_sigma = 3 * np.sqrt(0.95 * 0.05 / trials)
    assert abs(np.mean(ties) - 0.95) <= three_sigma
    assert abs(np.mean(covered) - 0.95) <= three_sigma


def test_what_two_generators_share_does_not_widen_the_interval_of_their_difference(
    rng: np.random.Generator, reference: FrechetReference
) -> None:
    common = features(rng, 512)
    a, b = (
        as_value(frechet_estimate(common + 0.05 * features(rng, 512, 0.0), reference))
        for _ in range(2)
    )
    assert a.high is not None
    assert margin(a, b) < 0.3 * (a.high - a.value)
    assert margin(a, a) == 0.0
    assert tied(a, a)
