"""What a growing supernet's columns answer at any moment is what reading all of its rows would."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_service.domain.judged import (
    Axis,
    Block,
    Bound,
    Judged,
    Need,
    meeting,
    ordered,
    places,
    view,
)
from search_service.domain.judged.view import View
from search_service.domain.spec import Constraint, Op

AXES = [Axis(name="fid", protocol="p"), Axis(name="macs"), Axis(name="params")]
NEEDS = [Need(name="fid", protocol="p"), Need(name="macs"), Need(name="params")]
SIDE = 4
NONE = float("nan")
VALUES = st.tuples(*[st.sampled_from([*map(float, range(SIDE)), NONE])] * len(AXES))
# An evaluation, by whose number its architecture is known, and its values.
ROW = st.integers(0, 30).flatmap(lambda id_: st.tuples(st.just(id_), st.just(id_ % 6), VALUES))
Row = tuple[int, int, tuple[float, ...]]
BOUND = st.tuples(st.integers(0, 2), st.sampled_from(Op), st.integers(0, SIDE - 1).map(float))
QUESTION = st.tuples(st.integers(1, 3), st.lists(BOUND, max_size=2))
STEPS = st.lists(st.tuples(st.lists(ROW, min_size=1, max_size=4), QUESTION), max_size=12)


@pytest.fixture(scope="module", params=["one by one", "all at once", "now one, now all"])
def thresholds(request: pytest.FixtureRequest) -> Iterator[None]:
    """How many new rows are looked at one by one: by a view, by the columns, before they are sorted
    in by value; and of how many it is asked one by one whether they meet bounds."""
    few, recent, unsorted, asked = {
        "one by one": (99, 99, 99, 99),
        "all at once": (0, 0, 0, 0),
        "now one, now all": (2, 5, 3, 0.5),
    }[request.param]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(view, "_ONE_BY_ONE", few)
        patch.setattr(places, "_RECENT", recent)
        patch.setattr(ordered, "_RECENT", unsorted)
        patch.setattr(ordered, "_FIRST_PART", 1)
        patch.setattr(meeting, "_FEW", asked)
        yield


def block(rows: list[Row]) -> Block:
    columns = np.array([values for _, _, values in rows]).T
    return Block(
        ids=np.array([f"evl_{id_:02}".encode() for id_, _, _ in rows]),
        architectures=np.array([architecture for _, architecture, _ in rows], dtype=np.uint64),
        values=dict(zip(AXES, columns, strict=True)),
    )


def answering(rows: list[Row], bounds: list[Bound]) -> list[int]:
    """Rows that hold the latest of their evaluation, and of these the latest of an architecture."""
    last = {id_: place for place, (id_, _, _) in enumerate(rows)}
    latest = {}
    for _, place in sorted(last.items()):
        _, architecture, values = rows[place]
        if not any(np.isnan(value) for value in values):
            latest[architecture] = place
    return sorted(
        place
        for place in latest.values()
        if not any(b.constraint.violation(rows[place][2][b.column]) for b in bounds)
    )


def check(view: View, rows: list[Row], objectives: int, bounds: list[Bound]) -> None:
    expected = answering(rows, bounds)
    assert view.meeting(bounds).all().tolist() == expected
    assert len(view.meeting(bounds)) == len(expected)
    costs = {place: np.array(rows[place][2][:objectives]) for place in expected}
    front = [
        place
        for place, cost in costs.items()
        if not any(np.all(o <= cost) and np.any(o < cost) for o in costs.values())
    ]
    found = view.front(objectives, bounds)
    assert found.tolist() == sorted(front, key=lambda p: (*costs[p], rows[p][0]))
    if expected:
        worst = np.max([costs[place] for place in expected], axis=0)
        assert view.worst(objectives, bounds).tolist() == worst.tolist()
    for count in (1, 3, 99):
        least = sorted(expected, key=lambda p: (rows[p][2][0], rows[p][0]))[:count]
        assert view.least(count, view.meeting(bounds)).tolist() == least


@pytest.mark.usefixtures("thresholds")
@settings(max_examples=200)
@given(steps=STEPS)
def test_every_answer_is_that_of_reading_everything(
    steps: list[tuple[list[Row], tuple[int, list[tuple[int, Op, float]]]]],
) -> None:
    judged, rows = Judged(), list[Row]()
    for new, (objectives, bounds) in steps:
        rows += new
        judged.append(block(new))
        asked = [
            Bound(column=c, constraint=Constraint(name="x", device="", op=op, value=value))
            for c, op, value in bounds
        ]
        view = judged.view(NEEDS)
        check(view, rows, objectives, asked)
        check(view, rows, objectives, [])
