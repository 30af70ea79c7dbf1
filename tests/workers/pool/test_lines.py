"""Who gets which work."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.pool.actors import Measurer, Measuring
from workers.pool.lines import REMEMBERED, Lines


@pytest.fixture
def work(ask_for: Any) -> Any:
    def made(text: str = "a", device: str = "") -> Measuring:
        return Measuring(1, ask_for(text, device=device))

    return made


def test_first_come_first_served_but_for_those_of_another_device(work: Any) -> None:
    lines, judge, timer = Lines(), Measurer(handle=None), Measurer(handle=None, device="cpu")
    first, timed, second = work("a"), work("a", "cpu"), work("b")
    for each in (first, timed, second):
        lines.add(each)
    assert (lines.devices(), lines.for_any_judge(), bool(lines)) == (["cpu"], 2, True)
    assert [lines.next_for(judge) for _ in range(3)] == [first, second, None]
    assert [lines.next_for(timer) for _ in range(2)] == [timed, None]
    assert (lines.devices(), bool(lines)) == ([], False)


def test_an_architecture_goes_to_the_judge_that_measured_it_last(work: Any) -> None:
    lines, one, two = Lines(), Measurer(handle=None), Measurer(handle=None)
    lines.add(work("a"))
    lines.next_for(one)
    again = work("a")
    lines.add(again)
    assert not lines  # it waits for one judge
    assert lines.next_for(two) is None
    assert lines.next_for(one, [one, two]) is again


def test_it_goes_to_another_that_would_be_idle_and_is_known_there_then(work: Any) -> None:
    lines, one, two = Lines(), Measurer(handle=None), Measurer(handle=None)
    lines.add(work("a"))
    lines.next_for(one)
    lines.add(work("a"))
    assert lines.next_for(two, [one, two]) is not None
    lines.add(work("a"))
    assert len(two.waiting) == 1


def test_those_that_went_know_nothing(work: Any) -> None:
    lines, one, two = Lines(), Measurer(handle=None), Measurer(handle=None)
    lines.add(work("a"))
    lines.next_for(one)
    lines.forget_all_but([two])
    again = work("a")
    lines.add(again)
    assert lines.next_for(two) is again


def test_only_so_many_architectures_are_remembered(work: Any) -> None:
    lines, judge = Lines(), Measurer(handle=None)
    for number in range(REMEMBERED + 1):
        lines.add(work(f"x{number}"))
        lines.next_for(judge)
    for number in (0, 1):
        lines.add(work(f"x{number}"))
    assert (lines.for_any_judge(), len(judge.waiting)) == (1, 1)


@given(st.lists(st.sampled_from(["", "cpu", "gpu"]), max_size=20), st.integers(0, 20))
def test_what_is_put_back_comes_first_and_in_its_order(devices: list[str], taken: int) -> None:
    from search_service.domain.measurement import MeasurementRequest, Protocol

    works = [
        Measuring(
            number,
            MeasurementRequest(
                supernet="s",
                supernet_digest="d",
                architecture=str(number),
                protocol=Protocol(objective="fid", parameters={}),
                device=device,
            ),
        )
        for number, device in enumerate(devices)
    ]
    lines = Lines()
    for work in works[taken:]:
        lines.add(work)
    lines.put_back(works[:taken])
    drained = list(lines.drain())
    assert not lines
    for device in set(devices):
        assert [w for w in drained if w.request.device == device] == [
            w for w in works if w.request.device == device
        ]


def test_only_short_work_of_judges_is_handed_out_ahead_and_one_at_a_time(work: Any) -> None:
    busy = Measurer(handle=None, seated_at=0.0)
    assert busy.idle
    busy.works.append(work())
    assert not busy.takes_ahead  # how long its work takes is not known
    busy.seconds = 0.02
    assert busy.takes_ahead
    busy.seconds = 60.0
    assert not busy.takes_ahead
    busy.seconds = 0.02
    busy.works.append(work())
    assert not busy.takes_ahead
    timer = Measurer(handle=None, device="cpu", seated_at=0.0, seconds=0.02)
    timer.works.append(work())
    assert not timer.takes_ahead
