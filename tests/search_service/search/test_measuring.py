"""Two searches that need the same measurements at once make each of them once."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from search_service import catalog
from search_service.domain.job import Ended, JobState
from search_service.domain.measurement import Measurement, MeasurementRequest, Protocol
from search_service.domain.space import smallest
from search_service.errors import MeasurementFailed
from search_service.pools import InlinePool
from search_service.search.measuring import Measuring
from tests.support.waiting import until


class Killed(Exception):
    """Stands for the end of the process."""


class Clock:
    """The time of a store, which jumps when told."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shared(make_world: Callable[..., Any], clock: Clock) -> Any:
    return make_world(clock=clock)


def in_a_thread(action: Callable[[], Any]) -> Callable[[], Any]:
    """Start it; what comes back waits for its end and gives its result or raises its error."""
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(action())
        except BaseException as error:
            results.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def join() -> Any:
        thread.join(120)
        assert results
        if isinstance(results[0], BaseException):
            raise results[0]
        return results[0]

    return join


def keys(world: Any) -> list[Any]:
    return [request.key for request in world.laboratory.requests]


def slowly(world: Any) -> Callable[[MeasurementRequest], Measurement]:
    """So that the two are at it at once; drops the interpreter's lock as a pool would."""

    def measure(request: MeasurementRequest) -> Measurement:
        time.sleep(0.002)
        measured: Measurement = world.laboratory.measure(request)
        return measured

    return measure


def test_promise_3_two_jobs_at_once_share_every_measurement(
    make_world: Callable[..., Any], shared: Any
) -> None:
    alone = make_world()
    job = alone.submit(budget={"evaluations": 30})
    alone.run()

    both = [shared.submit(budget={"evaluations": 30}) for _ in range(2)]
    runs = [
        in_a_thread(partial(shared.run, order=order, lease_seconds=60, measure=slowly(shared)))
        for order in (1, 2)
    ]
    for run in runs:
        assert run()[1].state is JobState.SUCCEEDED
    assert len(keys(shared)) == len(set(keys(shared)))
    assert set(keys(shared)) == set(keys(alone))
    assert [shared.outcome(j) for j in both] == [alone.outcome(job)] * 2


def killed_with_all_in_flight() -> Callable[[], None]:
    def check() -> None:
        raise Killed

    return check


def test_a_killed_owner_s_keys_are_waited_for_until_its_lease_ends(
    make_world: Callable[..., Any], shared: Any, clock: Clock
) -> None:
    alone = make_world()
    job = alone.submit(budget={"evaluations": 12})
    alone.run()

    shared.submit(budget={"evaluations": 12})
    with pytest.raises(Killed):
        shared.run(lease_seconds=60, check=killed_with_all_in_flight())
    assert len(keys(shared)) == 1  # five more it had reserved, and will never make
    second = shared.submit(budget={"evaluations": 12})

    turns: list[int] = []
    run = in_a_thread(
        lambda: shared.run(lease_seconds=1000, check=lambda: turns.append(len(keys(shared))))
    )
    until(lambda: len(turns) >= 8)
    stuck = shared.storage.jobs.get(second.id).evaluations
    clock.ahead = timedelta(seconds=100)
    ended: Ended = run()[1]
    assert ended.state is JobState.SUCCEEDED
    assert stuck < 12
    assert shared.outcome(second) == alone.outcome(job)
    assert len(keys(shared)) == len(set(keys(shared)))


def test_what_one_job_cannot_measure_the_other_tries_itself(shared: Any) -> None:
    tried: list[str] = []
    lock = threading.Lock()

    def fails_once(request: MeasurementRequest) -> Measurement:
        time.sleep(0.002)
        with lock:
            first = request.architecture not in tried
            tried.append(request.architecture)
        if first:
            raise MeasurementFailed("the actor died three times")
        measured: Measurement = shared.laboratory.measure(request)
        return measured

    both = [shared.submit(budget={"evaluations": 6}) for _ in range(2)]
    runs = [in_a_thread(lambda: shared.run(lease_seconds=60, measure=fails_once)) for _ in range(2)]
    for run in runs:
        run()
    states = [[str(e.state) for e in shared.storage.evaluations.of_job(job.id)] for job in both]
    # Of each architecture one job had the failure, and only that one: nobody waited for ever.
    assert all(sorted(pair) == ["failed", "measured"] for pair in zip(*states, strict=True))


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


def test_what_a_search_asks_for_twice_is_made_once(make_world: Callable[..., Any]) -> None:
    world = make_world()
    world.submit()
    claim = world.storage.jobs.claim(worker="w", lease_seconds=60)
    request = MeasurementRequest(
        supernet=world.supernet.id,
        supernet_digest=world.supernet.digest,
        architecture=str(smallest(catalog.space_of(world.supernet))),
        protocol=Protocol(objective="fid", parameters={"samples": 128, "seed": 0}),
    )
    measuring = Measuring(
        claim=claim,
        storage=world.storage,
        pool=InlinePool(world.laboratory.measure),
        artifacts=world.artifacts,
    )
    came: dict[int, Measurement | str] = {}
    measuring.ask(0, request)
    measuring.ask(1, request)
    came |= measuring.receive(5.0)
    measuring.ask(2, request)
    while measuring.in_flight:
        came |= measuring.receive(5.0)
    assert len({m.value for m in came.values() if isinstance(m, Measurement)}) == 1
    assert sorted(came) == [0, 1, 2]
    assert len(world.laboratory.requests) == 1
