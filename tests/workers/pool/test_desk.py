"""Several workers on one cluster: shares, contested devices, and what the autoscaler hears."""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.pool.attended_desk import AttendedDesk
from workers.pool.desk import FORGET_SECONDS, Ask, Bundle, Desk
from workers.pool.need import Need
from workers.pool.shares import shares

CORE = Need(cpus=1)
WANTED = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 80), max_size=8)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Autoscaler:
    """Remembers what it was told; `away` so many times it does not hear."""

    def __init__(self) -> None:
        self.told: list[list[Bundle]] = []
        self.away = 0

    def __call__(self, bundles: Sequence[Bundle]) -> bool:
        if self.away:
            self.away -= 1
            return False
        self.told.append(list(bundles))
        return True


@given(WANTED, st.integers(0, 200))
def test_shares_are_max_min_fair(wanted: Mapping[str, int], room: int) -> None:
    given_ = shares(wanted, room)
    assert given_.keys() == wanted.keys()
    assert all(0 <= given_[w] <= wanted[w] for w in wanted)
    assert sum(given_.values()) == min(room, sum(wanted.values()))
    for hungry in (w for w in wanted if given_[w] < wanted[w]):
        assert all(given_[hungry] >= other - 1 for other in given_.values())


def test_one_worker_has_all_and_two_have_half_each_until_one_wants_no_more() -> None:
    desk = Desk(Autoscaler())
    ask = Ask(actors=16, need=CORE)
    assert desk.ask("a", ask, 8).actors == 8
    assert desk.ask("b", ask, 8).actors == 4
    assert desk.ask("a", ask, 8).actors == 4
    desk.ask("b", Ask(actors=1, need=CORE), 8)
    assert desk.ask("a", ask, 8).actors == 7


@pytest.mark.parametrize(
    ("other", "own", "room", "share"),
    [
        (Need(), Need(cpus=1, gpus=1), 2, 2),  # a training beside a search on GPUs
        (Need(cpus=1, gpus=1), Need(cpus=1, gpus=0.5), 4, 2),
        (Need(), Need(cpus=2), 4, 3),  # two of one core have the place of one of two
        (Need(cpus=2), Need(), 8, 4),
        (Need(cpus=1, gpus=0.1), Need(cpus=1, gpus=0.1), 10, 8),
    ],
)
def test_what_others_take_is_counted_as_so_many_of_the_actors_asked_for(
    other: Need, own: Need, room: int, share: int
) -> None:
    desk = Desk(Autoscaler())
    desk.ask("other", Ask(actors=2, need=other), 8)
    assert desk.ask("own", Ask(actors=8, need=own), room).actors == share


def test_the_share_of_a_worker_that_says_nothing_any_more_is_the_others() -> None:
    clock = Clock()
    desk = Desk(Autoscaler(), clock=clock)
    ask = Ask(actors=16, need=CORE)
    desk.ask("dead", ask, 8)
    assert desk.ask("a", ask, 8).actors == 4
    clock.now += FORGET_SECONDS
    assert desk.ask("a", ask, 8).actors == 8


def test_a_device_that_another_asks_for_is_contested() -> None:
    desk = Desk(Autoscaler())
    alone = Ask(actors=0, need=CORE, devices=("device:phone", "device:cpu"))
    assert desk.ask("a", alone, 8).contested == frozenset()
    desk.ask("b", Ask(actors=0, need=CORE, devices=("device:phone",)), 8)
    assert desk.ask("a", alone, 8).contested == {"device:phone"}
    desk.ask("b", Ask(actors=0, need=CORE), 8)
    assert desk.ask("a", alone, 8).contested == frozenset()


def test_the_autoscaler_hears_the_sum_when_it_changes_and_nothing_when_nobody_asks() -> None:
    autoscaler = Autoscaler()
    desk = Desk(autoscaler)
    desk.ask("a", Ask(actors=2, need=CORE, devices=("device:cpu",)), 1)
    desk.ask("a", Ask(actors=2, need=CORE, devices=("device:cpu",)), 1)
    desk.ask("b", Ask(actors=1, need=Need(cpus=2, gpus=0.5), devices=("device:cpu",)), 1)
    desk.ask("a", Ask(actors=0, need=CORE), 1)
    desk.ask("b", Ask(actors=0, need=CORE), 1)
    core, device, gpu = {"CPU": 1.0}, {"device:cpu": 1.0}, {"CPU": 2.0, "GPU": 0.5}
    assert autoscaler.told == [
        [core, core, device],
        [core, core, gpu, device],
        [gpu, device],
        [],
    ]


def test_what_a_dead_worker_asked_for_is_withdrawn_though_nobody_asks_any_more() -> None:
    autoscaler, clock = Autoscaler(), Clock()
    autoscaler.away = sys.maxsize
    desk = AttendedDesk(autoscaler, clock=clock, attend_seconds=0.05)
    assert desk.ask("dead", Ask(actors=2, need=CORE), 8).actors == 2  # it has its share at once
    autoscaler.away = 1
    until(autoscaler, [[{"CPU": 1.0}] * 2])
    clock.now += FORGET_SECONDS
    until(autoscaler, [[{"CPU": 1.0}] * 2, []])


def test_what_a_desk_that_died_was_told_is_withdrawn_by_the_next() -> None:
    autoscaler = Autoscaler()
    AttendedDesk(autoscaler, attend_seconds=0.05)
    until(autoscaler, [[]])


def until(autoscaler: Autoscaler, told: list[list[Bundle]]) -> None:
    deadline = time.monotonic() + 60
    while autoscaler.told != told:
        assert time.monotonic() < deadline, autoscaler.told
        time.sleep(0.01)


def test_its_process_has_no_torch() -> None:
    """It would take most of the process's memory."""
    script = "import sys, workers.pool.front_desk; print('torch' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "False\n"
