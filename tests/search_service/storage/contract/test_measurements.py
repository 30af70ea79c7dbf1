"""The contract of measurements: the first of a key stays, and one job at a time makes it."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from search_service.domain.job import Claim, Job, JobState, JobStep
from search_service.domain.measurement import Measurement, MeasurementKey, Protocol
from search_service.errors import LostClaim
from search_service.storage.base import Storage

NewJob = Callable[..., Job]

PROTOCOL = Protocol(objective="fid", parameters={"samples": 512, "rate": 1e22, "axes": [1, 2]})
KEY = MeasurementKey(
    supernet_digest="d",
    architecture="32:1_2",
    objective="fid",
    protocol_digest=PROTOCOL.digest,
    device="",
)
MEASUREMENT = Measurement(
    value=0.1 + 0.2,
    low=0.1,
    high=1e300,
    protocol=PROTOCOL,
    samples=512,
    seconds=0.5,
    details={"ratio": 0.3},
    images_png=b"png",
)


def test_a_measurement_comes_back_without_its_images(storage: Storage) -> None:
    kept = replace(MEASUREMENT, images_png=None)
    assert storage.measurements.find([KEY]) == {}
    assert storage.measurements.add({KEY: MEASUREMENT}) == {KEY: kept}
    assert storage.measurements.find([KEY]) == {KEY: kept}


def test_the_protocol_keeps_its_digest(storage: Storage) -> None:
    storage.measurements.add({KEY: MEASUREMENT})
    assert storage.measurements.find([KEY])[KEY].protocol.digest == PROTOCOL.digest


def test_the_first_measurement_of_a_key_wins(storage: Storage) -> None:
    first = storage.measurements.add({KEY: MEASUREMENT})
    assert storage.measurements.add({KEY: replace(MEASUREMENT, value=9.0)}) == first
    assert storage.measurements.find([KEY]) == first


def test_several_are_stored_at_once_and_those_that_were_there_stay(storage: Storage) -> None:
    a, b, c = keys("a", "b", "c")
    storage.measurements.add({b: MEASUREMENT})
    later = replace(MEASUREMENT, value=9.0)
    stored = storage.measurements.add({a: later, b: later, c: later})
    assert [stored[key].value for key in (a, b, c)] == [9.0, MEASUREMENT.value, 9.0]
    assert storage.measurements.find([a, b, c]) == stored
    assert storage.measurements.add({}) == {}


def test_of_several_that_cannot_all_be_stored_none_is(storage: Storage) -> None:
    a, b = keys("a", "b")
    with pytest.raises(ValueError, match="finite"):
        storage.measurements.add({a: MEASUREMENT, b: replace(MEASUREMENT, value=math.nan)})
    assert storage.measurements.find([a, b]) == {}


@pytest.mark.parametrize("field", ["supernet_digest", "architecture", "protocol_digest", "device"])
def test_every_part_of_the_key_counts(storage: Storage, field: str) -> None:
    other = replace(KEY, **{field: "other"})
    storage.measurements.add({KEY: MEASUREMENT})
    storage.measurements.add({other: replace(MEASUREMENT, value=9.0)})
    found = storage.measurements.find([KEY, other])
    assert (found[KEY].value, found[other].value) == (MEASUREMENT.value, 9.0)


def test_many_keys_are_found_at_once(storage: Storage) -> None:
    keys = [replace(KEY, architecture=str(number)) for number in range(1200)]
    for number in (0, 499, 500, 1199):
        storage.measurements.add({keys[number]: replace(MEASUREMENT, value=float(number))})
    found = storage.measurements.find(keys)
    assert {key.architecture: m.value for key, m in found.items()} == {
        "0": 0,
        "499": 499,
        "500": 500,
        "1199": 1199,
    }


def job_and_claim(storage: Storage, job: Job, worker: str = "w") -> Claim:
    storage.jobs.add(job)
    return claimed(storage, job.id, worker)


def claimed(storage: Storage, job_id: str, worker: str = "w") -> Claim:
    claim = storage.jobs.claim(worker=worker, lease_seconds=30)
    assert claim is not None
    assert claim.job.id == job_id
    return claim


def keys(*names: str) -> list[MeasurementKey]:
    return [replace(KEY, architecture=name) for name in names]


def test_of_two_jobs_one_has_a_key_until_its_value_is_stored(
    storage: Storage, new_job: NewJob
) -> None:
    first, second = (job_and_claim(storage, new_job()) for _ in range(2))
    a, b, c = keys("a", "b", "c")
    assert set(storage.measurements.reserve(first, [a, b])) == {a, b}
    assert set(storage.measurements.reserve(second, [a, b, c])) == {c}
    assert set(storage.measurements.reserve(first, [a, c])) == {a}  # its own, again
    storage.measurements.add({a: MEASUREMENT})
    assert set(storage.measurements.reserve(second, [a, b])) == set()
    assert set(storage.measurements.reserve(first, [a])) == set()  # there is nothing to measure
    assert storage.measurements.find([a])[a].value == MEASUREMENT.value


def test_nothing_reserved_is_nothing(storage: Storage, new_job: NewJob) -> None:
    claim = job_and_claim(storage, new_job())
    assert set(storage.measurements.reserve(claim, [])) == set()


def test_a_key_given_up_is_anyone_s_and_another_s_is_not_given_up(
    storage: Storage, new_job: NewJob
) -> None:
    first, second = (job_and_claim(storage, new_job()) for _ in range(2))
    a, b = keys("a", "b")
    storage.measurements.reserve(first, [a, b])
    storage.measurements.give_up(second, [a])
    assert set(storage.measurements.reserve(second, [a])) == set()
    storage.measurements.give_up(first, [a])
    assert set(storage.measurements.reserve(second, [a, b])) == {a}


@pytest.mark.parametrize("end", ["finish", "pause", "cancel", "release"])
def test_leases_end_with_the_claim(storage: Storage, new_job: NewJob, end: str) -> None:
    first, second = (job_and_claim(storage, new_job()) for _ in range(2))
    (key,) = keys("a")
    storage.measurements.reserve(first, [key])
    match end:
        case "finish":
            storage.jobs.finish(first, state=JobState.SUCCEEDED, reason="budget")
        case "release":
            storage.jobs.release(first)
        case _:
            storage.jobs.step(first.job.id, JobStep(end))
    assert set(storage.measurements.reserve(second, [key])) == {key}


def test_a_dead_owner_s_lease_runs_out_and_a_renewed_one_does_not(
    storage: Storage, new_job: NewJob, advance: Callable[[float], None]
) -> None:
    dead, alive, third = (job_and_claim(storage, new_job()) for _ in range(3))
    a, b = keys("a", "b")
    storage.measurements.reserve(dead, [a])
    storage.measurements.reserve(alive, [b])
    advance(20)
    storage.jobs.renew(alive, lease_seconds=30)
    storage.jobs.renew(third, lease_seconds=30)
    assert set(storage.measurements.reserve(third, [a, b])) == set()
    advance(20)
    assert set(storage.measurements.reserve(third, [a, b])) == {a}


def test_a_job_claimed_anew_has_what_it_had_and_its_old_claim_reserves_nothing(
    storage: Storage, new_job: NewJob, advance: Callable[[float], None]
) -> None:
    old, other = (job_and_claim(storage, new_job()) for _ in range(2))
    a, b = keys("a", "b")
    storage.measurements.reserve(old, [a])
    advance(20)
    storage.jobs.renew(other, lease_seconds=100)
    advance(20)
    new = claimed(storage, old.job.id, "successor")
    assert set(storage.measurements.reserve(new, [a])) == {a}
    assert set(storage.measurements.reserve(other, [a])) == set()
    with pytest.raises(LostClaim):
        storage.measurements.reserve(old, [b])
    with pytest.raises(LostClaim):
        storage.measurements.give_up(old, [a])
    assert set(storage.measurements.reserve(other, [a, b])) == {b}


def test_a_value_that_comes_after_its_lease_ran_out_counts_once(
    storage: Storage, new_job: NewJob, advance: Callable[[float], None]
) -> None:
    slow, quick = (job_and_claim(storage, new_job()) for _ in range(2))
    (key,) = keys("a")
    storage.measurements.reserve(slow, [key])
    advance(20)
    storage.jobs.renew(quick, lease_seconds=30)
    advance(20)
    assert set(storage.measurements.reserve(quick, [key])) == {key}
    late = storage.measurements.add({key: replace(MEASUREMENT, value=7.0)})
    assert storage.measurements.add({key: replace(MEASUREMENT, value=9.0)}) == late
    assert storage.measurements.find([key]) == late
