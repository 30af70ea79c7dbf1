import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from workers.evaluators.inception_score import (
    log_probabilities_to_score,
    logits_to_log_probabilities,
    score_of_splits,
)


def by_loops(probabilities: NDArray[np.float64]) -> float:
    """The definition, image by image and class by class."""
    count, classes = probabilities.shape
    share = [sum(probabilities[i, c] for i in range(count)) / count for c in range(classes)]
    total = 0.0
    for p in probabilities:
        total += sum(p[c] * math.log(p[c] / share[c]) for c in range(classes) if p[c] > 0)
    return math.exp(total / count)


@given(seed=st.integers(0, 2**32), count=st.integers(1, 12), classes=st.integers(1, 6))
def test_it_is_the_definition(seed: int, count: int, classes: int) -> None:
    logits = np.random.default_rng(seed).normal(0, 3, (count, classes))
    logs = logits_to_log_probabilities(logits)
    assert_allclose(np.exp(logs).sum(axis=1), 1.0, rtol=1e-12)
    found = log_probabilities_to_score(logs)
    assert_allclose(found, by_loops(np.exp(logs)), rtol=1e-10)
    assert 1.0 - 1e-12 <= found <= classes + 1e-9


def test_one_prediction_for_all_is_one() -> None:
    logits = np.tile(np.random.default_rng(0).normal(size=7), (50, 1))
    assert_allclose(log_probabilities_to_score(logits_to_log_probabilities(logits)), 1.0)


def test_sure_predictions_of_equally_frequent_classes_are_the_number_of_classes() -> None:
    # So sure that the other probabilities are zero in float64: no NaN comes of it.
    logits = np.tile(np.eye(10) * 2_000, (5, 1))
    assert_allclose(log_probabilities_to_score(logits_to_log_probabilities(logits)), 10.0)


@pytest.mark.parametrize("shift", [-1e4, 0.0, 1e4])
def test_a_constant_added_to_all_logits_says_nothing(shift: float) -> None:
    logits = np.random.default_rng(1).normal(size=(20, 4))
    moved = logits_to_log_probabilities(logits + shift)
    assert_allclose(moved, logits_to_log_probabilities(logits), atol=1e-10)


def test_splits_are_taken_in_order_and_averaged() -> None:
    logs = logits_to_log_probabilities(np.random.default_rng(2).normal(size=(40, 5)))
    parts = [log_probabilities_to_score(logs[start : start + 4]) for start in range(0, 40, 4)]
    assert_allclose(score_of_splits(logs), np.mean(parts), rtol=1e-12)
