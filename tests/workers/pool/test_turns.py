"""Jobs of all kinds on one cluster, as its desk sees them: laws over any of them, for long."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.pool.desk import FIRST_SECONDS, FORGET_SECONDS, FORGET_WHOLE_SECONDS, Ask, Desk
from workers.pool.need import Need
from workers.pool.turns import TURN_SECONDS

CORE = Need()
TICK = 10.0  # seconds between two asks of a worker
TURN = int(TURN_SECONDS / TICK)
LONGEST = 6  # ticks that a candidate takes, or a training


@dataclass(kw_only=True)
class Search:
    """One without end: `window` candidates are there to be measured, of `length` ticks each."""

    window: int
    length: int
    ends: list[int] = field(default_factory=list)  # of each actor's candidate
    waits: int = 0

    def ask(self) -> Ask:
        return Ask(actors=self.window, held=len(self.ends), need=CORE)

    def live(self, now: int, granted: int, free: int) -> None:
        """Those that are done stay if they may; others are hired as far as there is room."""
        done = [end for end in self.ends if end <= now]
        self.ends = [end for end in self.ends if end > now]
        stay = min(len(done), max(0, granted - len(self.ends)))
        more = min(free, max(0, granted - len(self.ends) - len(done)))
        self.ends += [now + self.length] * (stay + more)
        self.waits = 0 if self.ends else self.waits + 1

    @property
    def cores(self) -> int:
        return len(self.ends)


@dataclass(kw_only=True)
class Training:
    """One after another, each of `size` processes and `length` ticks."""

    size: int
    length: int
    end: int | None = None
    waits: int = 0
    pauses: bool = False  # between two

    def ask(self) -> Ask:
        if self.pauses:
            return Ask(actors=0, need=CORE)
        held = 0 if self.end is None else self.size
        return Ask(actors=self.size, held=held, need=CORE, whole=True)

    def live(self, now: int, granted: int, free: int) -> None:
        """Begin when all is there, and end."""
        self.pauses = False
        if self.end is not None:
            if now >= self.end:
                self.end, self.pauses = None, True
        elif granted and free >= self.size:
            self.end, self.waits = now + self.length, 0
        else:
            self.waits += 1

    @property
    def cores(self) -> int:
        return 0 if self.end is None else self.size


LENGTH = st.integers(1, LONGEST)
JOBS = st.lists(
    st.builds(Search, window=st.integers(1, 10), length=LENGTH)
    | st.builds(Training, size=st.integers(1, 9), length=LENGTH),
    min_size=1,
    max_size=4,
)


class Clock:
    """Not where a desk is new."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def desk_of_some_age(clock: Clock) -> Desk:
    desk = Desk(lambda _: True, clock=clock)
    clock.now += FIRST_SECONDS
    return desk


class Cluster:
    """Its cores, its desk, and the workers that share it, each asking once a tick."""

    def __init__(self, jobs: list[Search | Training], cores: int) -> None:
        self.jobs = {f"worker-{place}": job for place, job in enumerate(jobs)}
        self.cores = cores
        self.now = 0
        self.desk = Desk(lambda _: True, clock=lambda: self.now * TICK)

    def run(self, ticks: int) -> Iterator[dict[str, int]]:
        """What each may have, tick by tick."""
        for now in range(ticks):
            self.now = now
            for worker, job in self.jobs.items():
                granted = self.desk.ask(worker, job.ask(), self.cores).actors
                job.live(self.now, granted, self.free())
            self._granted()  # whose turn ends now has gone to the end of the line
            yield self._granted()

    def _granted(self) -> dict[str, int]:
        """Trainings first: one that begins now changes what is left to the others."""
        ordered = sorted(self.jobs.items(), key=lambda named: not named[1].ask().whole)
        return {w: self.desk.ask(w, job.ask(), self.cores).actors for w, job in ordered}

    def free(self) -> int:
        return self.cores - sum(job.cores for job in self.jobs.values())


@settings(max_examples=25, deadline=None)
@given(JOBS, st.integers(1, 8))
def test_no_more_is_granted_than_there_is_and_no_less_than_can_be_used(
    jobs: list[Search | Training], cores: int
) -> None:
    cluster = Cluster(jobs, cores)
    for granted in cluster.run(60):
        asks = {worker: job.ask() for worker, job in cluster.jobs.items()}
        whole = sum(granted[w] for w, ask in asks.items() if ask.whole)
        assert all(granted[w] in (0, ask.actors) for w, ask in asks.items() if ask.whole)
        sharing = {w: max(ask.actors, ask.held) for w, ask in asks.items() if not ask.whole}
        assert sum(granted.values()) == whole + min(cores - whole, sum(sharing.values()))
        for hungry in (w for w in sharing if granted[w] < asks[w].actors):
            assert all(granted[hungry] >= granted[other] - 1 for other in sharing)


@settings(max_examples=25, deadline=None)
@given(JOBS, st.integers(1, 8))
def test_whoever_waits_is_served_in_bounded_time_and_a_training_keeps_what_it_has(
    jobs: list[Search | Training], cores: int
) -> None:
    """Each that was there before may take a turn, or its training's time, and end a candidate."""
    cluster = Cluster(jobs, cores)
    bound = len(jobs) * (TURN + 2 * LONGEST + 3)
    for granted in cluster.run(2 * bound):
        for worker, job in cluster.jobs.items():
            if isinstance(job, Training) and job.end is not None:
                assert granted[worker] == job.size
            if isinstance(job, Search) or job.size <= cores:
                assert job.waits <= bound, (worker, job)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.builds(Search, window=st.integers(1, 10), length=LENGTH), min_size=2, max_size=4),
    st.integers(1, 3),
)
def test_whoever_is_served_while_others_wait_is_so_for_a_whole_turn(
    jobs: list[Search | Training], cores: int
) -> None:
    cluster = Cluster(jobs, cores)
    served = dict.fromkeys(cluster.jobs, 0)  # ticks
    for _ in cluster.run(20 * TURN):
        for worker, job in cluster.jobs.items():
            if not job.cores:
                assert served[worker] == 0 or served[worker] >= TURN, served
            served[worker] = served[worker] + 1 if job.cores else 0


def test_a_training_that_nobody_is_beside_has_all_at_once_and_one_too_large_holds_nobody_up() -> (
    None
):
    desk = desk_of_some_age(Clock())
    too_large = Ask(actors=9, need=CORE, whole=True)
    assert desk.ask("large", too_large, 8).actors == 0
    assert desk.ask("a", Ask(actors=8, need=CORE, whole=True), 8).actors == 8
    assert desk.ask("large", too_large, 17).actors == 9  # where nodes have joined


@pytest.mark.parametrize("need", [Need(cpus=8), Need(cpus=1, gpus=1)])
def test_a_search_of_which_not_one_actor_fits_holds_no_training_up(need: Need) -> None:
    desk = desk_of_some_age(Clock())
    assert desk.ask("unfit", Ask(actors=16, need=need), 0, cores=16).actors == 0
    assert desk.ask("a", Ask(actors=16, need=CORE, whole=True), 16, cores=16).actors == 16


def test_those_that_have_no_gpu_use_the_cores_that_the_gpus_leave() -> None:
    desk = desk_of_some_age(Clock())
    desk.ask("judges", Ask(actors=100, need=Need(cpus=1, gpus=1)), 4, cores=16)
    assert desk.ask("search", Ask(actors=100, need=CORE), 16, cores=16).actors == 12


def test_a_training_has_more_than_an_even_share_and_each_search_before_it_an_actor() -> None:
    desk = desk_of_some_age(Clock())
    search = Ask(actors=16, need=CORE)
    assert [desk.ask(name, search, 8).actors for name in ("a", "b")] == [8, 4]
    assert desk.ask("c", Ask(actors=6, need=CORE, whole=True), 8).actors == 6
    assert [desk.ask(name, search, 8).actors for name in ("a", "b")] == [1, 1]
    assert desk.ask("d", Ask(actors=1, need=CORE, whole=True), 8).actors == 0


def test_those_that_use_gpus_leave_a_training_its_cores() -> None:
    desk = desk_of_some_age(Clock())
    judges = Ask(actors=16, need=Need(cpus=2, gpus=1))
    assert desk.ask("a", judges, 4, cores=8).actors == 4
    assert desk.ask("b", Ask(actors=5, need=CORE, whole=True), 8, cores=8).actors == 5
    assert desk.ask("a", judges, 4, cores=8).actors == 1


def test_a_desk_that_is_new_takes_a_training_for_begun_that_says_so() -> None:
    desk = Desk(lambda _: True)
    search = Ask(actors=16, need=CORE)
    assert desk.ask("a", search, 8).actors == 8
    assert desk.ask("b", Ask(actors=8, held=8, need=CORE, whole=True), 8).actors == 8
    assert desk.ask("a", search, 8).actors == 0


def test_a_desk_that_is_new_begins_none_before_it_can_have_heard_of_those_that_run() -> None:
    clock = Clock()
    desk = Desk(lambda _: True, clock=clock)
    assert desk.ask("waits", Ask(actors=8, need=CORE, whole=True), 8).actors == 0
    clock.now += FIRST_SECONDS / 2
    assert desk.ask("runs", Ask(actors=4, held=4, need=CORE, whole=True), 8).actors == 4
    clock.now += FIRST_SECONDS
    assert desk.ask("waits", Ask(actors=8, need=CORE, whole=True), 8).actors == 0
    assert desk.ask("small", Ask(actors=16, need=CORE), 8).actors == 4


def test_what_has_nothing_to_do_stays_where_it_is_until_somebody_lacks_it() -> None:
    desk = Desk(lambda _: True)
    idle = Ask(actors=0, held=6, need=CORE)
    assert desk.ask("a", idle, 8).actors == 6
    assert desk.ask("b", Ask(actors=4, need=CORE), 8).actors == 4
    assert desk.ask("a", idle, 8).actors == 4
    desk.ask("b", Ask(actors=16, need=CORE), 8)
    assert desk.ask("a", idle, 8).actors == 0


def test_a_training_that_says_nothing_any_more_leaves_its_cores_and_its_place() -> None:
    """Later than others: a database that stands still keeps it from saying anything for long."""
    clock = Clock()
    desk = desk_of_some_age(clock)
    whole = Ask(actors=8, need=CORE, whole=True)
    assert desk.ask("dead", whole, 8).actors == 8
    assert desk.ask("a", whole, 8).actors == 0
    clock.now += FORGET_SECONDS
    assert desk.ask("a", whole, 8).actors == 0
    clock.now += FORGET_WHOLE_SECONDS - FORGET_SECONDS
    assert desk.ask("a", whole, 8).actors == 8
