from random import Random

from hypothesis import given
from hypothesis import strategies as st

from search_service.domain.evaluation import EvaluationState
from search_service.domain.spec import Constraint, Op
from search_service.domain.unmet import Reach, Unmet, total_violation

BOUNDS = (
    Constraint(name="latency_ms", op=Op.LE, value=2.0, device="cpu"),
    Constraint(name="is_error", op=Op.GE, value=1.0),
)
BREAKING = st.fixed_dictionaries(
    {"latency_ms": st.floats(2.5, 9.0)}, optional={"is_error": st.floats(0.0, 2.0)}
)


def reach(found: list[tuple[str, EvaluationState, dict[str, float]]]) -> Unmet | None:
    grown = Reach(BOUNDS)
    for each in found:
        grown.add(*each)
    return grown.unmet()


@given(st.lists(BREAKING, min_size=1), st.randoms(use_true_random=False))
def test_the_nearest_is_of_the_least_violation_in_whatever_order(
    values: list[dict[str, float]], rng: Random
) -> None:
    found = [(f"evl_{i}", EvaluationState.INFEASIBLE, each) for i, each in enumerate(values)]
    told = reach(found)
    assert told is not None
    assert told.evaluated == len(found)
    least = min(total_violation(BOUNDS, each) for each in values)
    nearest = {name: each for name, _, each in found}[told.nearest]
    assert total_violation(BOUNDS, nearest) == least
    assert told.values == {
        bound.name: nearest[bound.name]
        for bound in BOUNDS
        if bound.name in nearest and bound.violation(nearest[bound.name])
    }
    rng.shuffle(found)
    assert reach(found) == told
    assert reach([*found, ("evl_ok", EvaluationState.MEASURED, {"latency_ms": 1.0})]) is None


def test_one_that_could_not_be_measured_says_nothing() -> None:
    failed = ("evl_0", EvaluationState.FAILED, {"latency_ms": 3.0})
    assert reach([failed]) is None
    broken = ("evl_1", EvaluationState.INFEASIBLE, {"latency_ms": 4.0})
    told = reach([failed, broken])
    assert told == Unmet(
        evaluated=1,
        constraints=("latency_ms<=2", "is_error>=1"),
        nearest="evl_1",
        values={"latency_ms": 4.0},
    )
    assert told is not None
    assert Unmet.from_json(told.to_json()) == told
