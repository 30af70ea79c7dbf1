"""What stays of very many rows, against its definition row by row."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from search_service.domain import kept as module
from search_service.domain.kept import Costs, kept

SIDE = 5  # costs are whole numbers below it, so that many are equal


@st.composite
def costs_and_objectives(draw: st.DrawFn) -> tuple[Costs, int]:
    m = draw(st.integers(1, 4))
    shape = (m, draw(st.integers(0, 40)))
    whole = st.integers(0, SIDE - 1).map(float)
    elements = whole if draw(st.booleans()) else whole | st.sampled_from([-np.inf, np.inf])
    costs = draw(arrays(np.float64, shape, elements=elements))
    return costs, draw(st.integers(1, m))


def by_definition(costs: Costs, objectives: int) -> list[int]:
    rows = costs.T
    return [
        i
        for i, row in enumerate(rows)
        if not any(
            np.all(other <= row) and np.any(other[:objectives] < row[:objectives]) for other in rows
        )
    ]


@given(costs_and_objectives())
def test_a_row_stays_exactly_when_no_row_sets_it_aside(asked: tuple[Costs, int]) -> None:
    costs, objectives = asked
    assert kept(costs, objectives).tolist() == by_definition(costs, objectives)


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a few rows were very many."""
    for name, value in (("_FEW", 8), ("_SAMPLE", 4), ("_IN_CACHE", 7), ("_CHUNK", 3)):
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(module, "_PIVOTS", (1, 2))


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("seed", range(40))
def test_sieving_by_a_few_good_rows_leaves_what_stays(seed: int) -> None:
    rng = np.random.default_rng(seed)
    m = 1 + seed % 4
    objectives = 1 + seed % m
    draws = [rng.integers(0, SIDE, (m, 60)).astype(float), rng.normal(size=(m, 60))]
    for costs in draws:
        assert kept(costs, objectives).tolist() == by_definition(costs, objectives)


def test_of_very_many_rows_the_front_under_any_bounds_is_among_those_that_stay() -> None:
    rng = np.random.default_rng(0)
    base = rng.normal(size=20_000)
    costs = np.stack([base, rng.normal(size=20_000) - base, rng.normal(size=20_000).round(1)])
    found = kept(costs, 2)
    assert len(found) < 5000
    for bound in np.quantile(costs[2], [0.01, 0.3, 1.0]):
        meeting = np.flatnonzero(costs[2] <= bound)
        front = meeting[kept(costs[:2, meeting], 2)]
        of_found = found[costs[2, found] <= bound]
        assert of_found[kept(costs[:2, of_found], 2)].tolist() == front.tolist()
