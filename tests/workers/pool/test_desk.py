"""Several workers on one cluster: shares, contested devices, and what the autoscaler hears."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from workers.pool.desk import FORGET_SECONDS, Ask, Bundle, Desk, shares
from workers.pool.need import Need

CORE = Need(cpus=1)
WANTED = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 80), max_size=8)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Autoscaler:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[list[Bundle]] = []

    def __call__(self, bundles: object) -> None:
        assert isinstance(bundles, list)
        self.told.append(list(bundles))


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
