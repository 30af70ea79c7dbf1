"""The server's time, whatever this machine's is."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from search_service.storage import clock as machine
from search_service.storage import open_storage
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
