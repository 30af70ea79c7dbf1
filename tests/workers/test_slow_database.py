"""A search over a way to its PostgreSQL that is slow, stands still, or breaks: it waits or says why
not, and ends as one that nothing disturbed."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from typing import Any

import pytest

from search_service.domain.job import Job, JobState
from search_service.storage import open_storage
from search_service.storage.base import Storage
from tests.support.proxy import Proxy, proxied
from tests.support.waiting import PATIENCE_SECONDS
from workers import driver as driving
from workers import heartbeat

Outcome = list[tuple[Any, ...]]


@pytest.fixture
def way(empty_postgres_url: str) -> Iterator[tuple[Proxy, str]]:
    with proxied(empty_postgres_url) as opened:
        yield opened


@pytest.fixture
def proxy(way: tuple[Proxy, str]) -> Proxy:
    return way[0]


@pytest.fixture
def direct(empty_postgres_url: str) -> Iterator[Storage]:
    with closing(open_storage(empty_postgres_url)) as opened:
        yield opened


@pytest.fixture
def slow(way: tuple[Proxy, str]) -> Iterator[Storage]:
    proxy, url = way
    with closing(open_storage(url)) as opened:
        yield opened
        proxy.stalled, proxy.delay_seconds, proxy.cuts = False, 0.0, lambda piece: None


def outcome(storage: Storage, job: Job) -> Outcome:
    """What it found, without ids and times; that it is told once each and in order is checked."""
    evaluations = storage.evaluations.of_job(job.id)
    front = {e.id for e in storage.evaluations.front_of(job.id)}
    events = storage.events.read(job.id, limit=10_000)
    assert [e.sequence for e in events] == list(range(1, len(events) + 1))
    told = [e.data["id"] for e in events if e.kind == "evaluation"]
    assert sorted(told) == sorted(e.id for e in evaluations)
    assert len(storage.evaluations.history(job.id)) == len(evaluations)
    ended = storage.jobs.get(job.id)
    assert (ended.state, ended.reason) == (JobState.SUCCEEDED, "budget")
    assert ended.evaluations == len(evaluations)
    assert ended.front_size == len(front)
    return [
        (e.number, e.architecture, e.state, dict(e.values), dict(e.final_values), e.id in front)
        for e in evaluations
    ]


@pytest.fixture
def undisturbed(workplace: Any) -> Callable[..., Outcome]:
    """What the same search comes to in memory."""

    def run(**spec: Any) -> Outcome:
        workplace.register()
        workplace.driver.turn()
        job = workplace.submit(**spec)
        workplace.driver.turn()
        return outcome(workplace.storage, job)

    return run


def begin(workplace: Any, storage: Storage, **spec: Any) -> Job:
    """The same in this store, whose supernet is settled."""
    workplace.storage = storage
    workplace.register()
    workplace.hire("settler").turn()
    job: Job = workplace.submit(**spec)
    return job


def test_answers_that_take_300_ms_delay_a_search_and_that_is_all(
    workplace: Any,
    undisturbed: Callable[..., Outcome],
    proxy: Proxy,
    direct: Storage,
    slow: Storage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three times as fast, as is the lease: a search waits for a hundred answers and more."""
    for module in (heartbeat, driving):
        monkeypatch.setattr(module, "LEASE_SECONDS", 15 / 3)
    monkeypatch.setattr(heartbeat, "RENEW_SECONDS", 2 / 3)
    spec = {"budget": {"evaluations": 2}}
    expected = undisturbed(**spec)
    job = begin(workplace, direct, **spec)
    workplace.storage = slow
    worker = workplace.hire("worker")
    proxy.delay_seconds = 0.3 / 3
    assert worker.turn()
    assert outcome(direct, job) == expected


def test_a_stall_longer_than_the_lease_hands_the_search_to_another_and_refuses_the_late_writes(
    workplace: Any,
    undisturbed: Callable[..., Outcome],
    proxy: Proxy,
    direct: Storage,
    slow: Storage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (heartbeat, driving):
        monkeypatch.setattr(module, "LEASE_SECONDS", 1.0)
    monkeypatch.setattr(heartbeat, "RENEW_SECONDS", 0.2)
    expected = undisturbed()
    job = begin(workplace, direct)
    successor = workplace.hire("successor")
    workplace.storage = slow
    worker = workplace.hire("worker")
    measured = count(1)

    def stall_at_the_fifth() -> None:
        if next(measured) == 5:
            proxy.stalled = True

    workplace.machines.before = stall_at_the_fifth

    def work() -> None:
        """A busy machine may lose the worker its lease before."""
        while not proxy.stalled and not direct.jobs.get(job.id).state.terminal:
            worker.turn()

    thread = threading.Thread(target=work)
    thread.start()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not direct.jobs.get(job.id).state.terminal:
        assert time.monotonic() < deadline
        if not proxy.stalled or not successor.turn():
            time.sleep(0.05)
    told = direct.events.read(job.id, limit=10_000)
    assert thread.is_alive()  # it waits, and knows nothing
    proxy.stalled = False
    thread.join()
    assert direct.events.read(job.id, limit=10_000) == told
    assert outcome(direct, job) == expected


@pytest.mark.parametrize(
    ("cut", "at"),
    [
        (Proxy.EARLY, b'"architecture"'),
        (Proxy.LATE, b'"architecture"'),
        (Proxy.LATE, b"COMMIT"),
    ],
)
def test_connections_that_break_in_the_middle_of_a_record_make_no_second_one(
    workplace: Any,
    undisturbed: Callable[..., Outcome],
    proxy: Proxy,
    direct: Storage,
    slow: Storage,
    cut: str,
    at: bytes,
) -> None:
    """Every record breaks once. Cut late, it is done, and whoever asked does not know."""
    spec = {"parallelism": 1}
    expected = undisturbed(**spec)
    job = begin(workplace, direct, **spec)
    workplace.storage = slow
    worker = workplace.hire("worker")
    broken: set[int] = set()
    recording = [False]

    def each_once(piece: bytes) -> str | None:
        """A record is what carries an architecture to the server."""
        recording[0] = recording[0] or b'"architecture"' in piece
        if not recording[0] or at not in piece:
            return None
        recorded = direct.jobs.get(job.id).evaluations
        if recorded in broken:
            return None
        recording[0] = False
        broken.add(recorded)
        return cut

    proxy.cuts = each_once
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not direct.jobs.get(job.id).state.terminal:
        assert time.monotonic() < deadline
        worker.turn()  # hands the job back where it broke, and takes it again
    assert len(broken) >= 6
    assert outcome(direct, job) == expected
