"""The contract of jobs: the queue, its claims and a user's steps."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from search_service.domain.event import EventKind
from search_service.domain.job import Claim, Job, JobState, JobStep
from search_service.errors import IllegalTransition, InvalidInput, LostClaim, NotFound
from search_service.storage.base import Storage

Start = Callable[[Storage, Job], Claim]
NewJob = Callable[..., Job]


def states_told(storage: Storage, job_id: str) -> list[str]:
    events = storage.events.read(job_id)
    return [e.data["state"] for e in events if e.kind is EventKind.STATE]


def test_a_job_comes_back_as_it_was_stored(storage: Storage, new_job: NewJob) -> None:
    job = new_job(labels={"team": "a", 'odd "name"': "x"}, priority=3, spec={"a": [1, {"b": 0.5}]})
    storage.jobs.add(job)
    assert storage.jobs.get(job.id) == job
    assert states_told(storage, job.id) == ["queued"]


def test_what_a_caller_does_to_a_value_does_not_reach_the_store(
    storage: Storage, new_job: NewJob
) -> None:
    spec = {"seed": 1}
    job = new_job(spec=spec)
    storage.jobs.add(job)
    spec["seed"] = 2
    read = storage.jobs.get(job.id).spec
    assert read["seed"] == 1
    read["seed"] = 3  # type: ignore[index]  # exactly what a caller must not be able to do
    assert storage.jobs.get(job.id).spec["seed"] == 1


def test_a_number_that_is_not_finite_is_refused_whole(storage: Storage, new_job: NewJob) -> None:
    job = new_job(spec={"bound": float("nan")})
    with pytest.raises(ValueError, match="finite"):
        storage.jobs.add(job)
    with pytest.raises(NotFound):
        storage.jobs.get(job.id)


def test_an_unknown_job_is_not_found(storage: Storage) -> None:
    with pytest.raises(NotFound, match="job_none"):
        storage.jobs.get("job_none")
    with pytest.raises(NotFound, match="job_none"):
        storage.jobs.step("job_none", JobStep.CANCEL)


def test_the_highest_priority_is_claimed_first_then_the_oldest(
    storage: Storage, new_job: NewJob
) -> None:
    old, new, urgent = new_job(), new_job(), new_job(priority=5)
    for job in (new, urgent, old):
        storage.jobs.add(job)
    claims = [storage.jobs.claim(worker="w", lease_seconds=30) for _ in range(4)]
    assert [claim and claim.job.id for claim in claims] == [urgent.id, old.id, new.id, None]


def test_a_claim_starts_the_job_and_says_so(
    storage: Storage, new_job: NewJob, start: Start, advance: Callable[[float], None]
) -> None:
    advance(7)
    job = new_job()
    claim = start(storage, job)
    stored = storage.jobs.get(job.id)
    assert claim.job == stored
    assert stored.state is JobState.RUNNING
    assert stored.started_at is not None
    assert claim.lease_until == stored.started_at + timedelta(seconds=30)
    assert states_told(storage, job.id) == ["queued", "running"]


def test_a_lease_keeps_others_away_until_it_ends(
    storage: Storage, new_job: NewJob, start: Start, advance: Callable[[float], None]
) -> None:
    first = start(storage, new_job())
    advance(29)
    assert storage.jobs.claim(worker="second", lease_seconds=30) is None
    advance(1)
    second = storage.jobs.claim(worker="second", lease_seconds=30)
    assert second is not None
    assert second.fence > first.fence
    assert second.job == first.job
    assert states_told(storage, first.job.id) == ["queued", "running"]


def test_renewing_keeps_the_job(
    storage: Storage, new_job: NewJob, start: Start, advance: Callable[[float], None]
) -> None:
    claim = start(storage, new_job())
    for _ in range(3):
        advance(20)
        claim = storage.jobs.renew(claim, lease_seconds=30)
        assert storage.jobs.claim(worker="second", lease_seconds=30) is None


def test_a_late_worker_whom_nobody_replaced_still_owns_the_job(
    storage: Storage, new_job: NewJob, start: Start, advance: Callable[[float], None]
) -> None:
    claim = start(storage, new_job())
    advance(1000)
    assert storage.jobs.renew(claim, lease_seconds=30).fence == claim.fence


def test_a_released_job_is_anyones_at_once(storage: Storage, new_job: NewJob, start: Start) -> None:
    claim = start(storage, new_job())
    storage.jobs.release(claim)
    other = storage.jobs.claim(worker="second", lease_seconds=30)
    assert other is not None
    assert other.job.id == claim.job.id


def test_an_old_claim_can_do_nothing(
    storage: Storage, new_job: NewJob, start: Start, advance: Callable[[float], None]
) -> None:
    old = start(storage, new_job())
    advance(31)
    new = storage.jobs.claim(worker="second", lease_seconds=30)
    assert new is not None
    events = storage.events.read(old.job.id)
    for attempt in (
        lambda: storage.jobs.renew(old, lease_seconds=30),
        lambda: storage.jobs.release(old),
        lambda: storage.jobs.finish(old, state=JobState.SUCCEEDED, reason="budget"),
        lambda: storage.events.log(old, "still here"),
        lambda: storage.events.progress(old, {"done": 1}),
    ):
        with pytest.raises(LostClaim):
            attempt()
    assert storage.events.read(old.job.id) == events
    assert storage.jobs.get(old.job.id).state is JobState.RUNNING
    storage.jobs.renew(new, lease_seconds=30)


def test_a_claim_on_a_job_that_is_not_there_is_lost(
    storage: Storage, new_job: NewJob, start: Start
) -> None:
    claim = start(storage, new_job())
    stray = replace(claim, job=new_job())
    with pytest.raises(LostClaim):
        storage.jobs.renew(stray, lease_seconds=30)


def test_finishing_is_final_and_told(storage: Storage, new_job: NewJob, start: Start) -> None:
    claim = start(storage, new_job())
    made = {"artifacts": {"supernet": "art_0"}, "fid": [1.5, 2.0]}
    job = storage.jobs.finish(claim, state=JobState.SUCCEEDED, reason="budget", result=made)
    assert job == storage.jobs.get(job.id)
    assert job.result == made
    assert (job.state, job.reason) == (JobState.SUCCEEDED, "budget")
    assert job.finished_at is not None
    last = storage.events.read(job.id)[-2:]
    assert [event.kind for event in last] == [EventKind.STATE, EventKind.END]
    assert last[1].data == {"state": "succeeded", "reason": "budget", "attempt": 1}
    with pytest.raises(LostClaim):
        storage.jobs.renew(claim, lease_seconds=30)
    assert storage.jobs.claim(worker="second", lease_seconds=30) is None


def test_a_job_finishes_in_a_terminal_state_only(
    storage: Storage, new_job: NewJob, start: Start
) -> None:
    claim = start(storage, new_job())
    with pytest.raises(ValueError, match="paused"):
        storage.jobs.finish(claim, state=JobState.PAUSED, reason="")
    storage.jobs.renew(claim, lease_seconds=30)


@pytest.mark.parametrize("step", [JobStep.PAUSE, JobStep.CANCEL])
def test_a_step_takes_the_job_from_its_worker(
    storage: Storage, new_job: NewJob, start: Start, step: JobStep
) -> None:
    claim = start(storage, new_job())
    storage.jobs.step(claim.job.id, step)
    with pytest.raises(LostClaim):
        storage.jobs.renew(claim, lease_seconds=30)
    assert storage.jobs.claim(worker="second", lease_seconds=30) is None


def test_a_resumed_job_is_claimed_again_without_a_word_of_starting(
    storage: Storage, new_job: NewJob, start: Start
) -> None:
    claim = start(storage, new_job())
    storage.jobs.step(claim.job.id, JobStep.PAUSE)
    storage.jobs.step(claim.job.id, JobStep.RESUME)
    again = storage.jobs.claim(worker="second", lease_seconds=30)
    assert again is not None
    assert again.job.started_at == claim.job.started_at
    assert states_told(storage, claim.job.id) == ["queued", "running", "paused", "running"]
    with pytest.raises(LostClaim):
        storage.jobs.renew(claim, lease_seconds=30)


def test_a_repeated_step_changes_nothing(storage: Storage, new_job: NewJob, start: Start) -> None:
    claim = start(storage, new_job())
    storage.jobs.step(claim.job.id, JobStep.RESUME)
    storage.jobs.renew(claim, lease_seconds=30)
    once = storage.jobs.step(claim.job.id, JobStep.CANCEL)
    events = storage.events.read(claim.job.id)
    assert storage.jobs.step(claim.job.id, JobStep.CANCEL) == once
    assert storage.events.read(claim.job.id) == events
    assert [event.kind for event in events].count(EventKind.END) == 1


def test_an_illegal_step_names_the_legal_ones(storage: Storage, new_job: NewJob) -> None:
    job = new_job()
    storage.jobs.add(job)
    with pytest.raises(IllegalTransition, match="cancel"):
        storage.jobs.step(job.id, JobStep.PAUSE)
    assert states_told(storage, job.id) == ["queued"]


def test_a_retry_is_another_attempt_of_the_same_job(
    storage: Storage, new_job: NewJob, start: Start
) -> None:
    claim = start(storage, new_job())
    storage.jobs.finish(claim, state=JobState.FAILED, reason="the checkpoint is gone")
    job = storage.jobs.step(claim.job.id, JobStep.RETRY)
    assert (job.state, job.attempt, job.reason) == (JobState.QUEUED, 2, "")
    assert (job.started_at, job.finished_at) == (None, None)
    again = storage.jobs.claim(worker="second", lease_seconds=30)
    assert again is not None
    assert again.fence > claim.fence
    sequences = [event.sequence for event in storage.events.read(job.id)]
    assert sequences == list(range(1, len(sequences) + 1))


def test_the_last_events_of_many_jobs_are_known_at_once(
    storage: Storage, new_job: NewJob, start: Start
) -> None:
    running = start(storage, new_job()).job
    queued = new_job()
    storage.jobs.add(queued)
    asked = [running.id, "job_none", queued.id]
    last = {id_: storage.events.read(id_)[-1] for id_ in (running.id, queued.id)}
    assert [last[running.id].sequence, last[queued.id].sequence] == [2, 1]
    assert storage.jobs.last_events(asked) == {id_: (e.sequence, e.at) for id_, e in last.items()}
    assert storage.jobs.last_events([]) == {}


def test_jobs_are_counted_by_kind_and_state(
    storage: Storage, new_job: NewJob, start: Start
) -> None:
    assert storage.jobs.counts() == {}
    start(storage, new_job())
    storage.jobs.add(new_job())
    storage.jobs.add(new_job())
    assert storage.jobs.counts() == {("search", "running"): 1, ("search", "queued"): 2}


def test_the_oldest_queued_job_is_known(storage: Storage, new_job: NewJob, start: Start) -> None:
    assert storage.jobs.oldest_queued() is None
    start(storage, new_job())
    assert storage.jobs.oldest_queued() is None
    second, third = new_job(), new_job()
    storage.jobs.add(third)
    storage.jobs.add(second)
    assert storage.jobs.oldest_queued() == second.created_at


def test_pages_hold_every_job_once_newest_first(storage: Storage, new_job: NewJob) -> None:
    same_time = new_job().created_at
    jobs = [new_job(created_at=same_time) for _ in range(3)] + [new_job() for _ in range(4)]
    for job in jobs:
        storage.jobs.add(job)
    seen: list[Job] = []
    token = None
    while True:
        page = storage.jobs.page(size=2, token=token)
        seen.extend(page.items)
        storage.jobs.add(new_job(supernet="sup_late"))  # newer ones do not move the rest
        token = page.next_token
        if token is None:
            break
        assert len(page.items) == 2
    assert seen == sorted(jobs, key=lambda job: (job.created_at, job.id), reverse=True)


def test_a_page_is_filtered(storage: Storage, new_job: NewJob, start: Start) -> None:
    running = start(storage, new_job(labels={"team": "a"}, supernet="sup_b")).job
    queued = new_job(labels={"team": "b"})
    storage.jobs.add(queued)

    def ids(**filters: object) -> list[str]:
        page = storage.jobs.page(size=10, **filters)  # type: ignore[arg-type]  # by name
        return [job.id for job in page.items]

    assert ids(state="running") == [running.id]
    assert ids(state="queued", supernet="sup_b") == []
    assert ids(supernet="sup_b") == [running.id]
    assert ids(kind="search") == [queued.id, running.id]
    assert ids(kind="export") == []
    assert ids(label=("team", "b")) == [queued.id]
    assert ids(label=("team", "c")) == []


@pytest.mark.parametrize("token", ["", "x", "W10", "ÿ", "WyJqb2JzIiwxLDJd", "Wy" * 5000])
def test_a_token_of_nobody_is_refused(storage: Storage, token: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        storage.jobs.page(size=2, token=token)
    assert caught.value.pointer == "/page_token"
