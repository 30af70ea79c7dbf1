import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from workers.evaluators.manifold import features_to_manifold
from workers.evaluators.precision_recall import recall_without, within

Rows = NDArray[np.float64]


def share_within(rows: Rows, others: Rows, neighbours: int) -> float:
    """Of `rows`, in some ball of `others`: the definition, one by one."""
    radii = [
        sorted(np.linalg.norm(a - b) for j, b in enumerate(others) if j != i)[neighbours - 1]
        for i, a in enumerate(others)
    ]
    inside = [
        any(np.linalg.norm(row - a) <= r for a, r in zip(others, radii, strict=True))
        for row in rows
    ]
    return sum(inside) / len(inside)


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), fakes=st.integers(8, 20), reals=st.integers(5, 20))
def test_both_are_the_definition(seed: int, fakes: int, reals: int) -> None:
    rng = np.random.default_rng(seed)
    fake, real = rng.normal(0.8, 0.7, (fakes, 2)), rng.normal(size=(reals, 2))
    precision = within(fake, features_to_manifold(real, 3)).mean()
    assert_allclose(precision, share_within(fake, real, 3))
    blocks = np.array_split(fake, 2)
    recall, without = recall_without(blocks, real, 3)
    assert_allclose(recall, share_within(real, fake, 3))
    assert_allclose(without, [share_within(real, block, 3) for block in reversed(blocks)])


def test_a_set_lies_wholly_within_itself() -> None:
    rows = np.random.default_rng(0).normal(size=(60, 10))
    assert within(rows, features_to_manifold(rows, 3)).all()
    assert recall_without(np.array_split(rows, 4), rows)[0] == 1.0


def test_one_image_again_and_again_is_precise_and_recalls_only_itself() -> None:
    real = np.random.default_rng(1).normal(size=(50, 8))
    fake = np.repeat(real[:1], 40, axis=0)
    assert within(fake, features_to_manifold(real, 3)).all()
    assert recall_without(np.array_split(fake, 4), real)[0] == 1 / 50


def test_sets_far_apart_share_nothing() -> None:
    rows = np.random.default_rng(2).normal(size=(40, 4))
    assert not within(rows + 100, features_to_manifold(rows, 3)).any()
    assert recall_without([rows[:20], rows[20:]], rows + 100)[0] == 0.0


def test_a_feature_on_the_edge_of_a_ball_is_within() -> None:
    line = np.arange(4.0)[:, None]  # each ball reaches three further at most
    manifold = features_to_manifold(line, 3)
    assert manifold.radii.tolist() == [9.0, 4.0, 4.0, 9.0]
    assert within(np.array([[-3.0], [-3.5]]), manifold).tolist() == [True, False]
