import numpy as np
import pytest

from workers.evaluators.median import median_estimate


@pytest.mark.parametrize(
    ("count", "low", "high"),  # the ranks of the sign test's interval, from its published tables
    [(6, 1, 6), (20, 6, 15), (60, 22, 39)],
)
def test_the_interval_is_between_the_ranks_of_the_sign_test(
    count: int, low: int, high: int
) -> None:
    values = np.random.default_rng(0).permutation(np.arange(1.0, count + 1))
    estimate = median_estimate(values)
    assert (estimate.low, estimate.high) == (low, high)
    assert estimate.value == (count + 1) / 2


def test_one_wild_value_moves_nothing_much() -> None:
    values = np.arange(1.0, 21.0)
    values[-1] = 1e9
    assert median_estimate(values).high == 15.0
