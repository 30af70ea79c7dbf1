"""The contract of leases when the clock is set."""

from collections.abc import Callable

import pytest

from search_service.domain.job import Claim, Job
from search_service.domain.measurement import MeasurementKey
from search_service.errors import LostClaim
from search_service.storage.base import Storage

HOUR = 3600.0
NewJob = Callable[..., Job]
Start = Callable[[Storage, Job], Claim]
KEY = MeasurementKey(
    supernet_digest="d", architecture="a", objective="fid", protocol_digest="p", device=""
)


def test_a_clock_set_forward_hands_the_job_on_and_the_old_claim_writes_no_more(
    storage: Storage, new_job: NewJob, start: Start, advance: Callable[[float], None]
) -> None:
    claim = start(storage, new_job())
    advance(HOUR)
    other = storage.jobs.claim(worker="second", lease_seconds=30)
    assert other is not None
    with pytest.raises(LostClaim):
        storage.events.log(claim, "late")
    storage.events.log(other, "mine")


def test_a_clock_set_forward_ends_no_claim_that_is_renewed_before_anyone_asks(
    storage: Storage, new_job: NewJob, start: Start, advance: Callable[[float], None]
) -> None:
    claim = start(storage, new_job())
    advance(HOUR)
    storage.jobs.renew(claim, lease_seconds=30)
    assert storage.jobs.claim(worker="second", lease_seconds=30) is None


def test_a_clock_set_back_keeps_no_dead_worker_s_job_key_or_name(
    storage: Storage, new_job: NewJob, start: Start, advance: Callable[[float], None]
) -> None:
    dead = start(storage, new_job())
    storage.workers.arrive("dead", token="1", lease_seconds=10)
    assert storage.measurements.reserve(dead, [KEY])
    storage.jobs.add(new_job(id="job_other", priority=1))
    other = storage.jobs.claim(worker="second", lease_seconds=30)
    assert other is not None
    assert not storage.measurements.reserve(other, [KEY])
    advance(-HOUR)
    other = storage.jobs.renew(other, lease_seconds=30)
    assert storage.measurements.reserve(other, [KEY])
    assert storage.workers.present() == []
    storage.workers.arrive("dead", token="2", lease_seconds=10)
    assert storage.workers.present() == ["dead"]
    taken = storage.jobs.claim(worker="second", lease_seconds=30)
    assert taken is not None
    assert taken.job.id == dead.job.id
    with pytest.raises(LostClaim):
        storage.jobs.renew(dead, lease_seconds=30)


def test_a_clock_set_back_leaves_a_living_worker_its_job_from_its_next_renewal(
    storage: Storage, new_job: NewJob, start: Start, advance: Callable[[float], None]
) -> None:
    claim = start(storage, new_job())
    advance(-HOUR)
    storage.jobs.renew(claim, lease_seconds=30)
    assert storage.jobs.claim(worker="second", lease_seconds=30) is None


def test_a_lease_longer_than_any_may_be_is_refused(
    storage: Storage, new_job: NewJob, start: Start
) -> None:
    job = new_job()
    storage.jobs.add(job)
    with pytest.raises(ValueError, match="at most 1200 seconds, got 1201"):
        storage.jobs.claim(worker="w", lease_seconds=1201)
    assert storage.jobs.get(job.id) == job
    claim = storage.jobs.claim(worker="w", lease_seconds=1200)
    assert claim is not None
    with pytest.raises(ValueError, match="at most"):
        storage.jobs.renew(claim, lease_seconds=1201)
