"""A growing front holds what looking at everything at once would find."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_service.domain import pareto
from search_service.search.archive import Archive

COSTS = st.integers(1, 4).flatmap(
    lambda m: st.lists(st.lists(st.integers(0, 6), min_size=m, max_size=m), min_size=1, max_size=20)
)


@given(rows=COSTS)
def test_it_is_the_front_of_all_that_was_added_at_every_moment(rows: list[list[int]]) -> None:
    costs = np.array(rows, dtype=np.float64)
    archive = Archive[int](costs.shape[1])
    reference = np.full(costs.shape[1], 5.0)
    for place, own in enumerate(costs):
        archive.add(place, own)
        so_far = costs[: place + 1]
        front = np.flatnonzero(pareto.non_dominated(so_far))
        assert archive.members == tuple(front.tolist())
        assert archive.worst is not None
        assert archive.worst.tolist() == so_far.max(axis=0).tolist()
        expected = pareto.hypervolume(so_far[front], reference)
        assert archive.hypervolume(reference) == pytest.approx(expected, rel=1e-12)


@given(rows=COSTS, own=st.integers(0, 19))
def test_what_is_dominated_leaves_the_members_as_they_are(rows: list[list[int]], own: int) -> None:
    costs = np.array(rows, dtype=np.float64)
    archive = Archive[int](costs.shape[1])
    for place, each in enumerate(costs):
        archive.add(place, each)
    before = archive.members
    archive.add(-1, costs[own % len(costs)] + 1.0)
    assert archive.members is before


def test_another_reference_point_is_another_volume() -> None:
    archive = Archive[str](2)
    assert archive.hypervolume(np.array([1.0, 1.0])) == 0.0
    archive.add("a", np.array([0.0, 0.5]))
    assert archive.hypervolume(np.array([1.0, 1.0])) == 0.5
    assert archive.hypervolume(np.array([2.0, 1.0])) == 1.0
    archive.add("b", np.array([0.5, 0.0]))
    assert archive.hypervolume(np.array([1.0, 1.0])) == 0.75
