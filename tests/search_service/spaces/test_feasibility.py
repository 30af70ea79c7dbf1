"""What constraints leave of a space, against looking at every architecture."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_service import spaces
from search_service.domain.space import enumerate_space, largest, smallest
from search_service.domain.spec import Constraint, Op
from search_service.errors import InfeasibleConstraint
from search_service.spaces.feasibility import admits, feasibility, require_feasible

SPACE = spaces.build("anycost", {"resolution": 16, "channel_multiplier": 0.0625, "style_dim": 32})
EVERY = list(enumerate_space(SPACE))
COSTS = {
    "macs": np.array([SPACE.macs(a) for a in EVERY]),
    "params": np.array([SPACE.params(a) for a in EVERY]),
}


@st.composite
def constraint(draw: st.DrawFn) -> Constraint:
    """A bound at, or just beside, what some architecture costs."""
    name = draw(st.sampled_from(["macs", "params"]))
    cost = int(COSTS[name][draw(st.integers(0, len(EVERY) - 1))])
    value = cost + draw(st.sampled_from([-1, 0, 1]))
    return Constraint(name=name, op=draw(st.sampled_from(Op)), value=value)


def meets(constraints: list[Constraint]) -> list[bool]:
    kept = np.ones(len(EVERY), dtype=bool)
    for c in constraints:
        kept &= COSTS[c.name] <= c.value if c.op is Op.LE else COSTS[c.name] >= c.value
    return [bool(k) for k in kept]


@settings(deadline=None)  # a busy machine is no failure
@given(st.lists(constraint(), max_size=3))
def test_admits_says_what_the_bounds_say(constraints: list[Constraint]) -> None:
    check = admits(SPACE, constraints)
    sampled = range(0, len(EVERY), 97)
    kept = meets(constraints)
    assert [check(EVERY[i]) for i in sampled] == [kept[i] for i in sampled]


@settings(deadline=None)  # a busy machine is no failure
@given(st.lists(constraint(), max_size=3))
def test_feasible_means_that_some_architecture_meets_all(constraints: list[Constraint]) -> None:
    report = feasibility(SPACE, constraints, samples=20)
    assert report.feasible == any(meets(constraints))
    if report.feasible:
        require_feasible(SPACE, constraints)
    else:
        assert report.fraction == 0
        with pytest.raises(InfeasibleConstraint):
            require_feasible(SPACE, constraints)


def test_ranges_are_those_of_all_architectures() -> None:
    ranges = feasibility(SPACE, []).ranges
    assert ranges == {name: (costs.min(), costs.max()) for name, costs in COSTS.items()}


def test_the_fraction_estimates_the_share_that_is_left() -> None:
    bound = Constraint(name="macs", op=Op.LE, value=float(np.median(COSTS["macs"])))
    report = feasibility(SPACE, [bound], samples=4000, seed=1)
    assert report.sampled == 4000
    assert 0 < report.fraction < 1
    assert report == feasibility(SPACE, [bound], samples=4000, seed=1)
    assert feasibility(SPACE, []).fraction == 1


@pytest.mark.parametrize("op", list(Op))
def test_an_unreachable_bound_is_refused_with_the_range_and_its_place(op: Op) -> None:
    fine = Constraint(name="params", op=Op.LE, value=1e12)
    beyond = -1 if op is Op.LE else 1e15
    with pytest.raises(InfeasibleConstraint) as refused:
        require_feasible(SPACE, [fine, Constraint(name="macs", op=op, value=beyond)])
    assert refused.value.pointer == "/constraints/1/value"
    for end in (smallest(SPACE), largest(SPACE)):
        assert f"{SPACE.macs(end):g}" in refused.value.detail


def test_bounds_that_exclude_each_other_are_refused_together() -> None:
    middle = float(np.median(COSTS["macs"]))
    bounds = [
        Constraint(name="macs", op=Op.LE, value=middle),
        Constraint(name="macs", op=Op.GE, value=middle + 1e-3),
    ]
    with pytest.raises(InfeasibleConstraint, match="together") as refused:
        require_feasible(SPACE, bounds)
    assert refused.value.pointer == "/constraints"


def test_what_must_be_measured_is_passed_over() -> None:
    measured = [
        Constraint(name="fid", op=Op.LE, value=-1),
        Constraint(name="latency_ms", op=Op.LE, value=-1, device="cpu"),
    ]
    require_feasible(SPACE, measured)
    assert feasibility(SPACE, measured).fraction == 1
    assert all(map(admits(SPACE, measured), EVERY[:10]))


def test_ten_million_architectures_take_moments() -> None:
    space = spaces.build("anycost", {"resolution": 1024})
    dear = largest(space)
    bounds = [
        Constraint(name="macs", op=Op.LE, value=0.5 * space.macs(dear)),
        Constraint(name="params", op=Op.GE, value=0.98 * space.params(dear)),
    ]
    start = time.process_time()
    require_feasible(space, bounds)
    assert time.process_time() - start < 1  # 20 ms when measured
