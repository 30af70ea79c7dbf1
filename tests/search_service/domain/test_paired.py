from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from search_service.domain.evaluation import Value
from search_service.domain.paired import margin, tied
from search_service.domain.resampling import Resampling

BLOCKS, REPLICATES = 16, 128


def judged(samples: np.ndarray, protocol: str = "p") -> Value:
    """The mean of samples as a value, its replicates leaving out a block each."""
    blocks = np.array_split(np.arange(len(samples)), BLOCKS)
    replicates = [float(np.delete(samples, block).mean()) for block in blocks]
    value = float(samples.mean())
    half = 2.131 * float(np.sqrt((BLOCKS - 1) / BLOCKS * np.var(replicates) * BLOCKS))
    return Value(
        value=value,
        low=value - half,
        high=value + half,
        protocol_digest=protocol,
        replicates=tuple(replicates),
    )


def resampled(samples: np.ndarray) -> Value:
    """The mean of samples as a value, its replicates of the samples drawn again."""
    draws = np.random.default_rng(7).integers(len(samples), size=(REPLICATES, len(samples)))
    found = judged(samples)
    replicates = tuple(map(float, samples[draws].mean(axis=1)))
    return replace(found, replicates=replicates, resampling=Resampling.BOOTSTRAP)


Judge = Callable[[np.ndarray], Value]


@pytest.fixture(params=[judged, resampled])
def judge(request: pytest.FixtureRequest) -> Judge:
    found: Judge = request.param
    return found


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_noise_that_two_values_share_does_not_widen_the_margin(
    judge: Judge, rng: np.random.Generator
) -> None:
    common, own = rng.normal(size=3200), rng.normal(size=(2, 3200))
    a, b = judge(common + 0.1 * own[0]), judge(common + 0.1 * own[1])
    assert a.high is not None
    assert margin(a, b) < 0.3 * (a.high - a.value)


def test_resampling_gives_the_standard_error_of_a_mean(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(2, 3200))
    error = np.std(x - y) / np.sqrt(3200)
    assert_allclose(margin(resampled(x), resampled(y)), 1.979 * error, rtol=0.2)


def test_the_margin_of_a_mean_is_that_of_the_differences(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(2, 3200))
    difference = judged(x - y)
    assert difference.high is not None
    assert_allclose(margin(judged(x), judged(y)), difference.high - difference.value, rtol=1e-3)


def test_the_margin_covers_as_often_as_it_says(judge: Judge, rng: np.random.Generator) -> None:
    covered = []
    for _ in range(300):
        common = rng.normal(size=320)
        a, b = (judge(common + rng.normal(size=320)) for _ in range(2))
        covered.append(abs(a.value - b.value) <= margin(a, b))
    assert 0.91 <= np.mean(covered) <= 0.99


def test_values_of_two_protocols_are_taken_as_independent(rng: np.random.Generator) -> None:
    common = rng.normal(size=3200)
    a, b = judged(common, "one"), judged(common, "other")
    assert a.high is not None
    assert_allclose(margin(a, b), np.sqrt(2) * (a.high - a.value))


def test_numbers_without_intervals_have_no_margin() -> None:
    assert margin(Value(value=1.0), Value(value=2.0)) == 0.0


def test_exact_numbers_are_tied_with_none_and_noisy_ones_within_their_noise() -> None:
    assert not tied(Value(value=2.0), Value(value=2.0))
    noisy = Value(value=2.0, low=1.0, high=3.0)
    assert tied(noisy, Value(value=3.0, low=2.0, high=4.0))
    assert not tied(noisy, Value(value=4.0, low=3.0, high=5.0))
