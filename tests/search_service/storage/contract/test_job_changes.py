"""The contract of a user's changes: priority, labels, budget."""

from collections.abc import Callable
from typing import Any

import pytest

from search_service.domain.evaluation import Evaluation
from search_service.domain.event import EventKind
from search_service.domain.job import DEFAULT_TEAM, Claim, Job, JobChange, JobState, JobStep
from search_service.errors import Conflict, InvalidInput, LostClaim, NotFound
from search_service.storage.base import Storage

NewJob = Callable[..., Job]
SPEC = {"seed": 1, "budget": {"evaluations": 5}}
BUDGET = JobChange(budget={"evaluations": 9})


def messages(storage: Storage, job_id: str) -> list[str]:
    events = storage.events.read(job_id)
    return [e.data["message"] for e in events if e.kind is EventKind.LOG]


def next_claim(storage: Storage) -> Claim:
    claim = storage.jobs.claim(worker="w", lease_seconds=30)
    assert claim is not None
    return claim


def test_a_raised_priority_is_claimed_first(storage: Storage, new_job: NewJob) -> None:
    first, second = new_job(), new_job()
    for job in (first, second):
        storage.jobs.add(job)
    assert storage.jobs.change(second.id, JobChange(priority=7)).priority == 7
    assert next_claim(storage).job.id == second.id
    assert messages(storage, second.id) == ["priority is now 7"]


def test_labels_take_the_place_of_those_before_and_are_found(
    storage: Storage, new_job: NewJob
) -> None:
    job = new_job(labels={"a": "1", "b": "2"})
    storage.jobs.add(job)
    changed = storage.jobs.change(job.id, JobChange(labels={"b": "3", "c": "4"}))
    assert changed.labels == storage.jobs.get(job.id).labels == {"b": "3", "c": "4"}
    found = {
        pair: [j.id for j in storage.jobs.page(size=9, label=pair).items]
        for pair in [("a", "1"), ("b", "2"), ("b", "3"), ("c", "4")]
    }
    assert [bool(ids) for ids in found.values()] == [False, False, True, True]


def test_the_label_team_says_whose_the_job_is(storage: Storage, new_job: NewJob) -> None:
    job = new_job(team="a", labels={"team": "a"})
    storage.jobs.add(job)
    assert storage.jobs.change(job.id, JobChange(labels={"team": "b"})).team == "b"
    assert storage.jobs.change(job.id, JobChange(priority=1)).team == "b"
    assert storage.jobs.change(job.id, JobChange(labels={"team": ""})).team == DEFAULT_TEAM


def test_what_is_so_already_changes_and_tells_nothing(storage: Storage, new_job: NewJob) -> None:
    job = new_job(priority=2, labels={"a": "1"}, spec=SPEC)
    storage.jobs.add(job)
    claim = next_claim(storage)
    same = JobChange(priority=2, labels={"a": "1"}, budget={"evaluations": 5})
    for change in (same, JobChange()):
        assert storage.jobs.change(job.id, change) == storage.jobs.get(job.id)
    storage.jobs.renew(claim, lease_seconds=5)
    assert messages(storage, job.id) == []


def test_another_budget_ends_the_claim_of_a_running_job_and_stands_in_the_next(
    storage: Storage, new_job: NewJob
) -> None:
    job = new_job(spec=SPEC)
    storage.jobs.add(job)
    claim = next_claim(storage)
    storage.jobs.change(job.id, BUDGET)
    with pytest.raises(LostClaim):
        storage.jobs.renew(claim, lease_seconds=5)
    again = next_claim(storage)
    assert (again.job.id, again.job.state) == (job.id, JobState.RUNNING)
    assert again.job.spec == {"seed": 1, "budget": {"evaluations": 9}}
    assert messages(storage, job.id) == ['budget is now {"evaluations": 9}']


@pytest.mark.parametrize("change", [JobChange(priority=3), JobChange(labels={"a": "b"})])
def test_other_changes_leave_the_claim(
    storage: Storage, new_job: NewJob, change: JobChange
) -> None:
    storage.jobs.add(new_job())
    claim = next_claim(storage)
    storage.jobs.change(claim.job.id, change)
    assert storage.jobs.renew(claim, lease_seconds=5).job.labels == (change.labels or {})


def test_a_terminal_job_keeps_all_but_its_labels(storage: Storage, new_job: NewJob) -> None:
    job = new_job(spec=SPEC)
    storage.jobs.add(job)
    storage.jobs.step(job.id, JobStep.CANCEL)
    for change in (BUDGET, JobChange(priority=1), JobChange(priority=1, labels={"a": "b"})):
        with pytest.raises(Conflict, match="cancelled job keeps"):
            storage.jobs.change(job.id, change)
    assert storage.jobs.get(job.id).labels == {}
    assert storage.jobs.change(job.id, JobChange(labels={"a": "b"})).labels == {"a": "b"}


def test_a_budget_below_what_is_recorded_is_refused(
    storage: Storage,
    new_job: NewJob,
    new_evaluation: Callable[..., Evaluation],
    record: Callable[..., Any],
) -> None:
    job = new_job(spec=SPEC)
    storage.jobs.add(job)
    claim = next_claim(storage)
    for number in range(3):
        record(storage, claim, new_evaluation(claim, number))
    with pytest.raises(InvalidInput, match="at least the 3") as refusal:
        storage.jobs.change(job.id, JobChange(budget={"evaluations": 2}))
    assert refusal.value.pointer == "/budget/evaluations"
    storage.jobs.renew(claim, lease_seconds=5)
    assert storage.jobs.change(job.id, JobChange(budget={"evaluations": 3})).evaluations == 3


def test_an_unknown_job_is_not_found(storage: Storage) -> None:
    with pytest.raises(NotFound, match="job_none"):
        storage.jobs.change("job_none", BUDGET)
