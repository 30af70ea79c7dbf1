"""A claim that is worked on stays ours; one that was taken away is noticed."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from search_service.domain.ids import new_id
from search_service.domain.job import Job, JobKind, JobStep
from search_service.errors import LostClaim
from search_service.storage import open_storage
from workers import heartbeat
from workers.heartbeat import RENEW_SECONDS, Draining, Heartbeat


@pytest.fixture
def claim(workplace: Any) -> Any:
    workplace.register()
    workplace.driver.turn()
    workplace.submit()
    return workplace.storage.jobs.claim(worker="w", lease_seconds=RENEW_SECONDS + 1)


def test_a_lease_that_would_have_ended_is_renewed(workplace: Any, claim: Any) -> None:
    with Heartbeat(claim, storage=workplace.storage, stop=threading.Event()) as heart:
        time.sleep(RENEW_SECONDS + 1.5)
        heart.check()
        assert workplace.storage.jobs.claim(worker="other", lease_seconds=1) is None


def test_a_cancelled_job_is_noticed_by_the_next_beat(workplace: Any, claim: Any) -> None:
    with Heartbeat(claim, storage=workplace.storage, stop=threading.Event()) as heart:
        workplace.storage.jobs.step(claim.job.id, JobStep.CANCEL)
        time.sleep(RENEW_SECONDS + 1)
        with pytest.raises(LostClaim, match=claim.job.id):
            heart.check()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_whatever_ends_it_before_the_work_has_the_work_stop(
    workplace: Any, claim: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "RENEW_SECONDS", 0.05)
    monkeypatch.setattr(heartbeat, "LEASE_SECONDS", 10_000)  # which no lease may be
    with Heartbeat(claim, storage=workplace.storage, stop=threading.Event()) as heart:
        heart._thread.join(timeout=20)
        with pytest.raises(LostClaim):
            heart.check()


def test_a_stopped_worker_drains(workplace: Any, claim: Any) -> None:
    stop = threading.Event()
    with Heartbeat(claim, storage=workplace.storage, stop=stop) as heart:
        heart.check()
        stop.set()
        with pytest.raises(Draining):
            heart.check()


@pytest.fixture
def slow_and_fast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Two ways to one database: the first waits for every answer as long as it is told."""
    monkeypatch.setattr(heartbeat, "LEASE_SECONDS", 6.0)
    monkeypatch.setattr(heartbeat, "RENEW_SECONDS", 0.2)
    delay = [0.0]
    slow, fast = (open_storage(f"sqlite:///{tmp_path / 'gansearch.db'}") for _ in range(2))
    engine = slow._database.engine  # type: ignore[attr-defined]  # the network is slow, not ours
    event.listen(engine, "begin", lambda connection: time.sleep(delay[0]), insert=True)
    job = Job(id=new_id("job"), kind=JobKind.SEARCH, spec={}, created_at=datetime.now(UTC))
    fast.jobs.add(job)
    yield slow, fast, delay
    slow.close()
    fast.close()


def test_a_slow_database_is_renewed_at_in_time(slow_and_fast: Any) -> None:
    slow, fast, delay = slow_and_fast
    claim = slow.jobs.claim(worker="slow", lease_seconds=6)
    delay[0] = 1.0
    with Heartbeat(claim, storage=slow, stop=threading.Event()) as heart:
        for _ in range(8):  # longer than the lease
            assert fast.jobs.claim(worker="fast", lease_seconds=6) is None
            time.sleep(1)
        heart.check()
        slow.events.log(claim, "mine")


def test_a_database_slower_than_the_lease_loses_it_cleanly(slow_and_fast: Any) -> None:
    slow, fast, delay = slow_and_fast
    claim = slow.jobs.claim(worker="slow", lease_seconds=0.5)
    delay[0] = 1.0
    while (successor := fast.jobs.claim(worker="fast", lease_seconds=600)) is None:
        time.sleep(0.05)  # it would be renewed, but the answer to that does not come in time
    with Heartbeat(claim, storage=slow, stop=threading.Event()) as heart:
        told = fast.events.read(claim.job.id)
        with pytest.raises(LostClaim):
            slow.events.log(claim, "late")
        while True:
            try:
                heart.check()
            except LostClaim:
                break
            time.sleep(0.1)
    assert fast.events.read(claim.job.id) == told
    fast.events.log(successor, "mine")


def test_a_store_that_is_away_for_a_beat_ends_nothing(tmp_path: Path) -> None:
    file = tmp_path / "gansearch.db"
    storage = open_storage(f"sqlite:///{file}")
    job = Job(
        id=new_id("job"),
        kind=JobKind.SEARCH,
        supernet="sup_a",
        spec={},
        created_at=datetime.now(UTC),
    )
    storage.jobs.add(job)
    claim = storage.jobs.claim(worker="w", lease_seconds=RENEW_SECONDS * 2)
    assert claim is not None
    storage.close()
    whole = file.read_bytes()
    with Heartbeat(claim, storage=storage, stop=threading.Event()) as heart:
        file.write_bytes(b"no database" * 1000)
        time.sleep(RENEW_SECONDS + 0.5)
        file.write_bytes(whole)
        time.sleep(RENEW_SECONDS + 0.5)
        heart.check()
        assert storage.jobs.claim(worker="other", lease_seconds=1) is None
    storage.close()
