import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from workers.evaluators.kernel_distance import (
    KernelReference,
    features_to_sums,
    sums_to_distance,
)

Rows = NDArray[np.float64]


def distance(fake: Rows, real: Rows, blocks: int = 3, without: int | None = None) -> float:
    reference = KernelReference(features=real)
    sums = features_to_sums(np.array_split(fake, blocks), reference)
    return sums_to_distance(sums, reference, without)


def by_loops(fake: Rows, real: Rows) -> float:
    """The definition, pair by pair."""

    def k(x: Rows, y: Rows) -> float:
        return float((sum(a * b for a, b in zip(x, y, strict=True)) / len(x) + 1) ** 3)

    def within(rows: Rows) -> float:
        pairs = [k(x, y) for i, x in enumerate(rows) for j, y in enumerate(rows) if i != j]
        return sum(pairs) / len(pairs)

    across = [k(x, y) for x in fake for y in real]
    return within(fake) + within(real) - 2 * sum(across) / len(across)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32), fakes=st.integers(3, 12), reals=st.integers(2, 12))
def test_it_is_the_definition_pair_by_pair(seed: int, fakes: int, reals: int) -> None:
    rng = np.random.default_rng(seed)
    fake, real = rng.normal(0.4, 1.3, (fakes, 5)), rng.normal(size=(reals, 5))
    assert_allclose(distance(fake, real), by_loops(fake, real), rtol=1e-9, atol=1e-12)


def test_leaving_a_block_out_is_as_if_it_had_never_been() -> None:
    rng = np.random.default_rng(0)
    fake, real = rng.normal(size=(10, 4)), rng.normal(size=(8, 4))
    blocks = np.array_split(fake, 3)
    for place in range(3):
        rest = np.concatenate([b for i, b in enumerate(blocks) if i != place])
        assert_allclose(distance(fake, real, 3, place), by_loops(rest, real), rtol=1e-9)


def test_a_set_and_itself_differ_by_the_diagonal_that_is_left_out() -> None:
    rows = np.random.default_rng(1).normal(size=(30, 6))
    kernel = (rows @ rows.T / 6 + 1) ** 3
    off = (kernel.sum() - np.trace(kernel)) / (30 * 29)
    expected = -2 * (np.trace(kernel) / 30 - off) / 30
    assert_allclose(distance(rows, rows), expected, rtol=1e-10)


def test_it_has_no_bias_by_the_number_of_samples() -> None:
    # In one dimension E k is a sum of moments: for independent u and v,
    # E (uv+1)³ = E u³ E v³ + 3 E u² E v² + 3 E u E v + 1.
    shift, spread = 0.5, 0.25
    variance = spread**2
    second, third = shift**2 + variance, shift**3 + 3 * shift * variance
    within_fake = third**2 + 3 * second**2 + 3 * shift**2 + 1
    within_real, across = 3 * variance**2 + 1, 3 * second * variance + 1
    truth = within_fake + within_real - 2 * across
    diagonal = 15 * variance**3 + 9 * variance**2 + 3 * variance + 1
    rng = np.random.default_rng(2)
    found = [
        distance(rng.normal(shift, spread, (4, 1)), rng.normal(0, spread, (4, 1)))
        for _ in range(1_000)
    ]
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found) - truth) < 2 * error
    assert (diagonal - within_real) / 4 > 2 * error  # were it counted, of the reals alone


def test_rows_taken_at_a_time_do_not_change_it(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    fake, real = rng.normal(size=(40, 4)), rng.normal(size=(50, 4))
    whole = distance(fake, real)
    monkeypatch.setattr("workers.evaluators.kernel_distance.ROWS", 7)
    assert_allclose(distance(fake, real), whole, rtol=1e-10)


def test_it_agrees_with_scipys_inner_products() -> None:
    rng = np.random.default_rng(4)
    fake, real = rng.normal(1, 1, (20, 16)), rng.normal(size=(25, 16))

    def kernel(x: Rows, y: Rows) -> Rows:
        # 2 x·y = |x|² + |y|² - |x-y|²
        lengths = (x**2).sum(1)[:, None] + (y**2).sum(1)
        products: Rows = (lengths - cdist(x, y, "sqeuclidean")) / 2
        powered: Rows = (products / 16 + 1) ** 3
        return powered

    def off_diagonal(matrix: Rows) -> float:
        return float(matrix[~np.eye(len(matrix), dtype=bool)].mean())

    expected = off_diagonal(kernel(fake, fake)) + off_diagonal(kernel(real, real))
    expected -= 2 * kernel(fake, real).mean()
    assert_allclose(distance(fake, real), expected, rtol=1e-9)
