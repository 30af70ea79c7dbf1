import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from workers.evaluators.density_coverage import (
    features_to_overlap,
    overlap_to_coverage,
    overlap_to_density,
)
from workers.evaluators.manifold import features_to_manifold

Rows = NDArray[np.float64]


def by_loops(fake: Rows, real: Rows, neighbours: int) -> tuple[float, float]:
    """Density and coverage by their definition."""
    radii = [
        sorted(np.linalg.norm(a - b) for j, b in enumerate(real) if j != i)[neighbours - 1]
        for i, a in enumerate(real)
    ]
    inside = [
        [np.linalg.norm(row - a) < r for a, r in zip(real, radii, strict=True)] for row in fake
    ]
    density = sum(map(sum, inside)) / (neighbours * len(fake))
    coverage = sum(any(column) for column in zip(*inside, strict=True)) / len(real)
    return density, coverage


def both(fake: Rows, real: Rows, neighbours: int = 5) -> tuple[float, float]:
    found = features_to_overlap(np.array_split(fake, 3), features_to_manifold(real, neighbours))
    return overlap_to_density(found.balls, neighbours), overlap_to_coverage(found.holds)


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), fakes=st.integers(3, 20), reals=st.integers(6, 20))
def test_both_are_the_definition(seed: int, fakes: int, reals: int) -> None:
    rng = np.random.default_rng(seed)
    fake, real = rng.normal(0.5, 0.8, (fakes, 2)), rng.normal(size=(reals, 2))
    assert_allclose(both(fake, real), by_loops(fake, real, 5))


def test_drawn_alike_density_is_one_and_coverage_is_what_is_derived_for_it() -> None:
    # Naeem et al., section 3.4: 1 - Π over i < k of (N-1-i)/(M+N-1-i) = 0.97 for k=5, N=M.
    rng = np.random.default_rng(0)
    found = [both(rng.normal(size=(300, 3)), rng.normal(size=(300, 3))) for _ in range(20)]
    density, coverage = np.mean(found, axis=0)
    assert_allclose(density, 1.0, atol=0.02)
    steps = np.arange(5)
    expected = 1 - np.prod((300 - 1 - steps) / (300 + 300 - 1 - steps))
    assert_allclose(coverage, expected, atol=0.006)


def test_an_edge_lies_outside() -> None:
    line = np.arange(6.0)[:, None]
    assert both(np.array([[-5.0], [-6.0], [-7.0]]), line) == (0.0, 0.0)


def test_a_block_left_out_takes_its_balls_with_it() -> None:
    real = np.random.default_rng(1).normal(size=(20, 2))
    manifold = features_to_manifold(real, 5)
    fake = real + 0.01
    found = features_to_overlap(np.array_split(fake, 4), manifold)
    rest = np.concatenate(np.array_split(fake, 4)[1:])
    alone = features_to_overlap([rest], manifold)
    assert overlap_to_coverage(found.holds[:, 1:]) == overlap_to_coverage(alone.holds)
    assert overlap_to_density(found.balls[5:]) == overlap_to_density(alone.balls)
