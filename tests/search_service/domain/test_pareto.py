"""Laws of the Pareto numerics, against definitions written out by brute force."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from search_service.domain import pareto
from search_service.domain.pareto import Costs

SIDE = 5  # costs are whole numbers below it, so that ties are common
COSTS = st.integers(1, 4).flatmap(
    lambda m: arrays(
        np.float64,
        st.tuples(st.integers(0, 8), st.just(m)),
        elements=st.integers(0, SIDE - 1).map(float),
    )
)


def dominates(a: Costs, b: Costs) -> bool:
    return bool(np.all(a <= b) and np.any(a < b))


def dominated_cells(costs: Costs, reference: Costs) -> int:
    """How many unit cells below the reference have a row at or below their lower corner."""
    cells = product(*(range(int(r)) for r in reference))
    return sum(any(np.all(row <= np.array(cell)) for row in costs) for cell in cells)


@given(COSTS)
def test_a_row_stays_exactly_when_no_row_dominates_it(costs: Costs) -> None:
    expected = [not any(dominates(other, row) for other in costs) for row in costs]
    assert pareto.non_dominated(costs).tolist() == expected


@given(COSTS)
def test_a_rank_is_the_longest_chain_of_rows_that_dominate(costs: Costs) -> None:
    ranks = pareto.ranks(costs)
    for row, rank in zip(costs, ranks, strict=True):
        above = [r for other, r in zip(costs, ranks, strict=True) if dominates(other, row)]
        assert rank == (max(above) + 1 if above else 0)


@given(COSTS, st.integers(0, 2**32 - 1))
def test_the_order_of_rows_changes_nothing(costs: Costs, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(costs))
    assert (pareto.ranks(costs[order]) == pareto.ranks(costs)[order]).all()
    reference = np.full(costs.shape[1], float(SIDE))
    assert pareto.hypervolume(costs[order], reference) == pareto.hypervolume(costs, reference)


@given(COSTS, st.integers(1, SIDE + 1))
def test_hypervolume_counts_the_dominated_cells(costs: Costs, side: int) -> None:
    reference = np.full(costs.shape[1], float(side))
    assert pareto.hypervolume(costs, reference) == dominated_cells(costs, reference)


@given(COSTS)
def test_only_the_front_makes_hypervolume(costs: Costs) -> None:
    reference = np.full(costs.shape[1], SIDE - 0.5)
    front = costs[pareto.non_dominated(costs)]
    assert pareto.hypervolume(front, reference) == pareto.hypervolume(costs, reference)
    assert pareto.front_hypervolume(front, reference) == pareto.hypervolume(costs, reference)


@given(COSTS)
def test_hypervolume_scales_with_an_objective(costs: Costs) -> None:
    scale = np.ones(costs.shape[1])
    scale[0] = 4.0
    reference = np.full(costs.shape[1], float(SIDE))
    scaled = pareto.hypervolume(costs * scale, reference * scale)
    assert scaled == 4 * pareto.hypervolume(costs, reference)


@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
def test_no_row_within_the_reference_makes_no_volume(objectives: int) -> None:
    reference = np.ones(objectives)
    assert pareto.hypervolume(np.zeros((0, objectives)), reference) == 0.0
    assert pareto.hypervolume(np.full((3, objectives), 1.0), reference) == 0.0
    assert pareto.hypervolume(np.full((3, objectives), 2.0), reference) == 0.0


@given(st.sets(st.integers(-100, 100), min_size=1, max_size=10))
def test_crowding_is_the_gap_between_neighbours_over_the_span(values: set[int]) -> None:
    column = np.array(sorted(values), dtype=float)
    distance = pareto.crowding_distance(column[:, None])
    assert np.isinf(distance[[0, -1]]).all()
    gaps = [(b - a) / (column[-1] - column[0]) for a, b in pairwise(column[::2])]
    assert distance[1:-1:2].tolist() == pytest.approx(gaps)


@given(COSTS)
def test_crowding_adds_up_over_objectives(costs: Costs) -> None:
    total = pareto.crowding_distance(costs)
    parts = [pareto.crowding_distance(costs[:, [i]]) for i in range(costs.shape[1])]
    assert np.allclose(total, np.sum(parts, axis=0))
    assert (total >= 0).all()
