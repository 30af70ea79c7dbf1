import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from workers.evaluators.manifold import (
    features_to_manifold,
    nearest_in_blocks,
    squared_distances,
)


@given(seed=st.integers(0, 2**32), count=st.integers(5, 40), size=st.integers(1, 6))
def test_radii_are_those_of_a_search_tree(seed: int, count: int, size: int) -> None:
    features = np.random.default_rng(seed).normal(size=(count, size))
    nearest, _ = cKDTree(features).query(features, k=4)  # the first is the feature itself
    assert_allclose(features_to_manifold(features, 3).radii, nearest[:, 3] ** 2, rtol=1e-9)


def test_equal_features_are_at_no_distance_however_far_out() -> None:
    features = np.repeat(np.random.default_rng(0).normal(1e3, 30.0, (5, 300)), 4, axis=0)
    assert (features_to_manifold(features, 3).radii == 0.0).all()


@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_distances_are_scipys(offset: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.evaluators.manifold.ROWS", 4)
    rng = np.random.default_rng(1)
    x, y = rng.normal(offset, 1, (11, 7)), rng.normal(offset, 1, (6, 7))
    parts = list(squared_distances(x, y))
    assert [rows for rows, _ in parts] == [slice(0, 4), slice(4, 8), slice(8, 11)]
    found = np.concatenate([part for _, part in parts])
    assert_allclose(found, cdist(x, y, "sqeuclidean"), rtol=1e-9)


def test_neighbours_are_told_by_block_and_missing_ones_are_infinitely_far() -> None:
    line = np.array([[0.0], [1.0], [3.0], [7.0]])
    nearest = nearest_in_blocks([line[:1], line[1:]], 2)
    assert nearest[0].tolist() == [[np.inf, np.inf], [1.0, 9.0]]
    assert nearest[2].tolist() == [[9.0, np.inf], [4.0, 16.0]]
