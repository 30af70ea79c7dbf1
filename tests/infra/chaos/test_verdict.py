"""Whatever a storm may break is told."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from infra.chaos import verdict
from infra.chaos.outcome import Outcome
from search_service.domain.ids import new_id
from search_service.domain.job import Claim, Job, JobKind, JobState
from search_service.domain.measurement import MeasurementKey
from search_service.storage import open_storage
from search_service.storage.base import Storage

STRAIGHT = Outcome(
    jobs={"search": {"state": "succeeded", "front": ["a", "b"]}, "train": {"losses": [1.0]}},
    measured=[("net", "a", ""), ("net", "b", "")],
)


@dataclass
class Heard:
    """A follower that heard this."""

    heard: list[int]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'gansearch.db'}"


@pytest.fixture
def storage(url: str) -> Iterator[Storage]:
    opened = open_storage(url)
    yield opened
    opened.close()


@pytest.fixture
def claim(storage: Storage) -> Claim:
    storage.jobs.add(
        Job(id=new_id("job"), kind=JobKind.SEARCH, spec={}, created_at=datetime.now(UTC))
    )
    claim = storage.jobs.claim(worker="w", lease_seconds=60)
    assert claim is not None
    return claim


def test_equal_outcomes_have_no_fault() -> None:
    assert list(verdict.of_outcome(STRAIGHT, STRAIGHT)) == []


def test_how_many_times_were_taken_may_differ_but_none_is_stored_twice() -> None:
    timed = replace(STRAIGHT, measured=[*STRAIGHT.measured, ("net", "c", "cpu")])
    assert list(verdict.of_outcome(timed, STRAIGHT)) == []
    assert list(verdict.of_outcome(STRAIGHT, timed)) == []
    twice = replace(timed, measured=[*timed.measured, ("net", "c", "cpu")])
    assert list(verdict.of_outcome(twice, STRAIGHT)) == ["1 measurements are stored twice"]


@pytest.mark.parametrize(
    ("disturbed", "told"),
    [
        (replace(STRAIGHT, jobs={**STRAIGHT.jobs, "train": {"losses": [1.1]}}), "train: losses"),
        (replace(STRAIGHT, jobs={"search": STRAIGHT.jobs["search"]}), "train: losses is None"),
        (replace(STRAIGHT, jobs={**STRAIGHT.jobs, "more": {"state": "failed"}}), "more: state"),
        (replace(STRAIGHT, measured=[*STRAIGHT.measured, ("net", "a", "")]), "stored twice"),
        (replace(STRAIGHT, measured=STRAIGHT.measured[1:]), "1 measurements are missing, 0"),
        (replace(STRAIGHT, measured=[*STRAIGHT.measured, ("net", "c", "")]), "missing, 1 were not"),
    ],
)
def test_a_difference_is_told(disturbed: Outcome, told: str) -> None:
    (fault,) = verdict.of_outcome(disturbed, STRAIGHT)
    assert told in fault


@pytest.mark.parametrize(
    ("heard", "faults"), [([1, 2, 3], 0), ([1, 3], 1), ([1, 2], 1), ([1, 2, 2, 3], 1), ([], 1)]
)
def test_an_event_that_was_missed_or_repeated_is_told(
    url: str, storage: Storage, claim: Claim, heard: list[int], faults: int
) -> None:
    storage.events.log(claim, "one more")  # after two of the job's states
    found = list(verdict.of_events(url, {claim.job.id: Heard(heard)}))
    assert len(found) == faults


def test_what_is_left_claimed_is_told(url: str, storage: Storage, claim: Claim) -> None:
    key = MeasurementKey(
        supernet_digest="d", architecture="a", objective="fid", protocol_digest="p", device=""
    )
    storage.measurements.reserve(claim, [key])
    storage.workers.arrive("w", token="t", lease_seconds=60)
    assert [fault.split(" ")[1:3] for fault in verdict.of_claims(url)] == [
        ["jobs", "(search)"],
        ["are", "present"],
        ["measurements", "are"],
    ]
    storage.workers.leave("w", token="t")
    storage.jobs.finish(claim, state=JobState.SUCCEEDED, reason="budget")
    assert list(verdict.of_claims(url)) == []


CANCELLED: dict[str, Any] = {
    "kind": "search",
    "state": "cancelled",
    "counted": 2,
    "evaluations": [(0, "a", "measured", 1, "{1}", "{}"), (2, "c", "measured", 0, "{3}", "{5}")],
    "front": [],
}
WHOLE: dict[str, Any] = {
    "kind": "search",
    "state": "succeeded",
    "counted": 3,
    "evaluations": [
        (0, "a", "measured", 1, "{1}", "{4}"),
        (1, "b", "failed", 0, "{2}", "{}"),
        (2, "c", "measured", 0, "{3}", "{5}"),
    ],
    "front": ["a"],
}
DONE = replace(STRAIGHT, jobs={**STRAIGHT.jobs, "doomed": WHOLE})


def of_cancelled(**changes: Any) -> list[str]:
    disturbed = replace(DONE, jobs={**STRAIGHT.jobs, "doomed": CANCELLED | changes})
    return list(verdict.of_outcome(disturbed, DONE, cancelled={"doomed"}))


def test_a_cancelled_job_has_what_had_ended_as_undisturbed() -> None:
    assert of_cancelled() == []
    assert of_cancelled(evaluations=[], counted=0) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"state": "succeeded"}, "was cancelled and is succeeded"),
        ({"counted": 3}, "3 evaluations are counted, 2 are there"),
        ({"evaluations": [(3, "d", "measured", 0, "{9}", "{}")], "counted": 1}, "evaluation 3 is"),
        ({"evaluations": [(0, "b", "measured", 1, "{1}", "{}")], "counted": 1}, "evaluation 0 is"),
        ({"evaluations": [(0, "a", "measured", 1, "{2}", "{}")], "counted": 1}, "evaluation 0 is"),
        ({"evaluations": [(0, "a", "measured", 1, "{1}", "{7}")], "counted": 1}, "evaluation 0 is"),
    ],
)
def test_what_a_cancelled_job_has_otherwise_is_told(changes: dict[str, Any], told: str) -> None:
    (fault,) = of_cancelled(**changes)
    assert told in fault


def test_a_measurement_that_only_a_cancelled_job_needs_may_be_missing_or_there() -> None:
    needed = STRAIGHT.measured[:1]
    for there in (STRAIGHT.measured, STRAIGHT.measured[:1]):
        disturbed = replace(STRAIGHT, measured=there)
        assert list(verdict.of_outcome(disturbed, STRAIGHT, needed=needed)) == []
    (fault,) = verdict.of_outcome(
        replace(STRAIGHT, measured=STRAIGHT.measured[1:]), STRAIGHT, needed=needed
    )
    assert fault == "1 measurements are missing, 0 were not needed"
