"""The server's time, whatever this machine's is."""

import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.pool import QueuePool

from search_service.domain.evaluation import Evaluation
from search_service.domain.job import Job, JobChange, JobState, JobStep
from search_service.storage import clock as machine
from search_service.storage import open_storage
from search_service.storage.sql import SqlStorage
from search_service.storage.sql import clock as server
from search_service.storage.sql.clock import ServerClock
from search_service.storage.sql.engine import Database


def test_it_is_the_server_s_time_and_runs_on_while_nobody_asks(postgres_url: str) -> None:
    now = [1000.0]
    database = Database(postgres_url)
    clock = ServerClock(database, monotonic=lambda: now[0])
    first = clock()
    assert abs(first - datetime.now(UTC)) < timedelta(minutes=1)  # they share this machine
    now[0] += server.ASKED_EVERY_SECONDS - 1
    assert clock() - first == timedelta(seconds=server.ASKED_EVERY_SECONDS - 1)
    time.sleep(0.01)
    now[0] += 3600  # this machine slept, and its clock did not
    assert timedelta(0) < clock() - first < timedelta(minutes=1)
    database.close()


@pytest.mark.parametrize("late", ["before_cursor_execute", "after_cursor_execute"])
def test_an_answer_that_comes_late_puts_it_neither_ahead_nor_back(
    postgres_url: str, late: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the time went, into the way there or the way back, nobody sees."""
    monkeypatch.setattr(server, "ASKED_EVERY_SECONDS", 0.0)
    with closing(Database(postgres_url)) as database, closing(Database(postgres_url)) as other:
        clock = ServerClock(database)
        for _ in range(5):
            clock()
        event.listen(database.engine, late, lambda *_: time.sleep(1.0))
        before = server_time(other)
        told = clock()
        assert told - before > timedelta(seconds=0.5)
        assert told <= server_time(other)


def test_a_first_answer_that_comes_late_puts_it_back_until_the_next(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Database(postgres_url)) as database, closing(Database(postgres_url)) as other:
        stall = [1.0]
        event.listen(database.engine, "after_cursor_execute", lambda *_: time.sleep(stall[0]))
        clock = ServerClock(database)
        stall[0] = 0.0
        assert clock() <= server_time(other) - timedelta(seconds=1)
        monkeypatch.setattr(server, "ASKED_EVERY_SECONDS", 0.0)
        before = server_time(other)
        told = [clock() for _ in range(5)][-1]
        assert before - timedelta(seconds=0.5) < told <= server_time(other)


def server_time(database: Database) -> datetime:
    with database.reading() as connection:
        told: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return told.astimezone(UTC)


def test_while_the_server_is_away_the_time_runs_on(postgres_url: str) -> None:
    now = [0.0]
    database = Database(postgres_url)
    clock = ServerClock(database, monotonic=lambda: now[0])
    first = clock()
    database.close()
    away = Database("postgresql://u@127.0.0.1:1/none")
    clock._database = away
    now[0] += 60
    assert clock() - first == timedelta(seconds=60)


def test_a_machine_whose_time_of_day_jumps_loses_no_lease(
    empty_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two workers one has a clock that is an hour ahead, then an hour behind."""
    storage = open_storage(empty_postgres_url)
    before = storage.jobs.oldest_queued()
    assert before is None
    storage.workers.arrive("a", token="1", lease_seconds=60)
    for hours in (1, -1):
        wrong = timedelta(hours=hours)
        monkeypatch.setattr(machine, "utc_now", lambda wrong=wrong: datetime.now(UTC) + wrong)
        monkeypatch.setattr("search_service.storage.utc_now", machine.utc_now)
        jumped = open_storage(empty_postgres_url)
        assert jumped.workers.present() == ["a"]
        jumped.workers.stay("a", token="1", lease_seconds=60)
        assert storage.workers.present() == ["a"]
        jumped.close()
    storage.close()


def test_nobody_looks_at_it_within_a_transaction(
    tmp_path: Path,
    new_job: Callable[..., Job],
    new_evaluation: Callable[..., Evaluation],
    record: Callable[..., None],
) -> None:
    """The server would be asked through a second connection, which those that hold one each may
    wait for in vain."""
    open_then: list[int] = []

    def watched() -> datetime:
        assert isinstance(storage, SqlStorage)
        pool = storage._database.engine.pool
        assert isinstance(pool, QueuePool)
        open_then.append(pool.checkedout())
        return datetime.now(UTC)

    storage = open_storage(f"sqlite:///{tmp_path / 'gansearch.db'}", clock=watched)
    with closing(storage):
        storage.jobs.add(job := new_job())
        claim = storage.jobs.claim(worker="w", lease_seconds=60)
        assert claim is not None
        storage.jobs.renew(claim, lease_seconds=60)
        storage.jobs.release(claim)
        claim = storage.jobs.claim(worker="w", lease_seconds=60)
        assert claim is not None
        storage.events.progress(claim, {})
        storage.events.log(claim, "")
        evaluation = new_evaluation(claim, 0)
        record(storage, claim, evaluation)
        storage.evaluations.record_final(claim, {}, front=[evaluation.id], hypervolume=None)
        storage.measurements.reserve(claim, [])
        storage.jobs.change(job.id, JobChange(priority=1))
        storage.jobs.finish(claim, state=JobState.FAILED, reason="")
        storage.jobs.step(job.id, JobStep.RETRY)
        storage.workers.arrive("w", token="1", lease_seconds=10)
        storage.workers.stay("w", token="1", lease_seconds=10)
        assert storage.workers.present() == ["w"]
    assert open_then
    assert not any(open_then)
