"""What a search's time budget counts, whatever clocks do and however often it is claimed."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_service.domain.ids import new_id
from search_service.domain.job import Claim, Job, JobKind, JobState, JobStep
from search_service.search import stopwatch
from search_service.search.stopwatch import Stopwatch, told_before
from search_service.storage import open_storage
from search_service.storage.base import Storage


def claim_of(storage: Storage) -> Claim:
    claim = storage.jobs.claim(worker="w", lease_seconds=0)
    assert claim is not None
    return claim


def new_job(storage: Storage) -> Job:
    job = Job(id=new_id("job"), kind=JobKind.SEARCH, spec={}, created_at=datetime.now(UTC))
    storage.jobs.add(job)
    return job


def tell(storage: Storage, claim: Claim, seconds: float) -> None:
    storage.events.progress(claim, {"done": 1, "claim": claim.fence, "seconds": seconds})


@given(st.lists(st.lists(st.floats(0, 1000), max_size=4), max_size=4))
def test_it_is_the_sum_of_what_every_claim_told_last(claims: list[list[float]]) -> None:
    storage = open_storage("memory://")
    new_job(storage)
    for told in claims:
        claim = claim_of(storage)
        for seconds in sorted(told):
            tell(storage, claim, seconds)
            storage.events.log(claim, "something else")
    now = [5.0]
    watch = Stopwatch(claim_of(storage), storage=storage, monotonic=lambda: now[0])
    now[0] += 7
    assert watch.own() == 7
    assert watch.total() == pytest.approx(7 + sum(max(told, default=0) for told in claims))


def test_a_retry_begins_again_and_a_pause_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopwatch, "PAGE", 2)
    storage = open_storage("memory://")
    job = new_job(storage)
    tell(storage, claim_of(storage), 100)
    storage.jobs.step(job.id, JobStep.PAUSE)
    storage.jobs.step(job.id, JobStep.RESUME)
    tell(storage, claim_of(storage), 10)
    assert told_before(claim_of(storage), storage=storage) == 110
    storage.jobs.step(job.id, JobStep.CANCEL)
    storage.jobs.step(job.id, JobStep.RETRY)
    tell(storage, claim_of(storage), 1)
    assert told_before(claim_of(storage), storage=storage) == 1


def test_progress_without_seconds_counts_as_none() -> None:
    storage = open_storage("memory://")
    new_job(storage)
    storage.events.progress(claim_of(storage), {"phase": "search", "done": 3})
    assert told_before(claim_of(storage), storage=storage) == 0


@pytest.mark.parametrize("jump", [timedelta(days=1), timedelta(days=-1)])
def test_a_clock_that_jumps_neither_ends_a_search_nor_keeps_it(
    make_world: Any, jump: timedelta
) -> None:
    """The store's clock, as the server's time; the machine's is never looked at."""
    ahead = [timedelta(0)]
    world = make_world(clock=lambda: datetime.now(UTC) + ahead[0])
    job = world.submit(budget={"evaluations": 100_000, "wall_seconds": 1.0})

    def measure(request: Any) -> Any:
        ahead[0] = jump
        time.sleep(0.002)
        return world.laboratory.measure(request)

    _, ended = world.run(measure=measure)
    assert (ended.state, ended.reason) == (JobState.SUCCEEDED, "budget")
    assert 6 < len(world.storage.evaluations.of_job(job.id)) < 100_000


class Killed(Exception):
    """Stands for the end of the process."""


def killed_when(over: Callable[[], bool]) -> Callable[[], None]:
    def check() -> None:
        if over():
            raise Killed

    return check


def test_what_was_recorded_in_time_is_kept_when_the_worker_dies_after_it(
    make_world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever claims it has no time left, and ends it as the first one would have."""
    now = [0.0]
    monkeypatch.setattr(
        "search_service.search.loop.Stopwatch",
        lambda *given, **options: Stopwatch(*given, **options, monotonic=lambda: now[0]),
    )
    monkeypatch.setattr("search_service.search.progress.PERIOD_SECONDS", 0.0)
    world = make_world()
    job = world.submit(budget={"evaluations": 60, "wall_seconds": 10})

    def measure(request: Any) -> Any:
        now[0] += 0.25
        return world.laboratory.measure(request)

    def recorded() -> int:
        return len(world.storage.evaluations.of_job(job.id))

    with pytest.raises(Killed):
        world.run(order=1, measure=measure, check=killed_when(lambda: now[0] >= 10))
    before = recorded()
    assert 0 < before < 60
    now[0] = 0.0  # another machine's
    _, ended = world.run(measure=measure)
    assert (ended.state, ended.reason) == (JobState.SUCCEEDED, "budget")
    numbers = [e.number for e in world.storage.evaluations.of_job(job.id)]
    assert numbers == list(range(len(numbers)))
    assert before <= len(numbers) < 60
    assert world.storage.evaluations.front_of(job.id)
