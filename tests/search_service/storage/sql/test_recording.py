"""The short way of recording leaves what the long way leaves."""

import math
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search_service.domain.evaluation import Evaluation, EvaluationState, Finished, Value
from search_service.domain.ids import new_id
from search_service.domain.job import Claim, Job, JobState, JobStep
from search_service.errors import LostClaim
from search_service.storage import open_storage
from search_service.storage.base import Storage
from search_service.storage.clock import Clock
from search_service.storage.sql import rows
from search_service.storage.sql.engine import Database
from search_service.storage.sql.recording import Known, Recording

NewEvaluation = Callable[..., Evaluation]
Start = Callable[[Storage, Job], Claim]

# Of each step: who records, a front (how many of those there are, from the last), and what happens
# before it.
STEPS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.none() | st.integers(0, 4),
        st.sampled_from(["", "", "", "progress", "again", "final", "unmeasured"]),
        st.none() | st.floats(0, 10),
    ),
    max_size=12,
)


def told(storage: Storage, job: str) -> list[tuple[Any, ...]]:
    return [(e.sequence, e.kind, e.data, e.at) for e in storage.events.read(job)]


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_both_ways_leave_the_same_whoever_records_and_whatever_comes_between(
    empty_postgres_url: str,
    new_job: Callable[..., Job],
    new_evaluation: NewEvaluation,
    start: Start,
    clock: Clock,
    steps: list[tuple[int, int | None, str, float | None]],
) -> None:
    reference = open_storage("memory://", clock=clock)
    several = [open_storage(empty_postgres_url, clock=clock) for _ in range(2)]
    job = new_job(supernet=new_id("sup"))  # the database keeps what earlier examples left
    claim = start(reference, job)
    assert start(several[0], job) == claim
    recorded: list[Evaluation] = []
    for who, front, before, hypervolume in steps:
        for storage in (reference, several[who]):
            if before == "progress":
                storage.events.progress(claim, {"step": len(recorded)})
            if before == "final" and recorded:
                last = recorded[-1].id
                final = {last: {"macs": Value(value=1.5)}}
                storage.evaluations.record_final(claim, final, front=[last], hypervolume=3.0)
        if before == "again" and recorded:
            evaluation = recorded[-1]
        else:
            state = EvaluationState.FAILED if before == "unmeasured" else EvaluationState.MEASURED
            evaluation = new_evaluation(claim, len(recorded), state=state)
            recorded.append(evaluation)
        members = None if front is None else [e.id for e in recorded][len(recorded) - front :]
        for storage in (reference, several[who]):
            storage.evaluations.record(
                claim,
                [
                    Finished(
                        evaluation=evaluation,
                        front=members,
                        hypervolume=hypervolume,
                        reference_point={"fid": float(len(recorded))} if front else None,
                    )
                ],
            )
    stored = several[0]
    assert stored.evaluations.of_job(job.id) == reference.evaluations.of_job(job.id)
    assert stored.evaluations.history(job.id) == reference.evaluations.history(job.id)
    assert stored.jobs.get(job.id) == reference.jobs.get(job.id)
    assert told(stored, job.id) == told(reference, job.id)
    fronts = [{e.id for e in s.evaluations.front_of(job.id)} for s in (stored, reference)]
    assert fronts[0] == fronts[1]
    for name in ("number", "fid", "macs"):
        pages = [
            s.evaluations.page(job.id, size=50, order_by=name).items for s in (stored, reference)
        ]
        assert pages[0] == pages[1]
    with stored.evaluations.judged(job.supernet) as judged:
        measured = {e.id for e in recorded if e.state is EvaluationState.MEASURED}
        assert {id_.decode() for id_ in judged.ids.tolist()} == measured
    for storage in several:
        storage.close()


@pytest.fixture
def database(empty_postgres_url: str) -> Database:
    return Database(empty_postgres_url)


def known(storage: Storage, claim: Claim) -> Known:
    events = storage.events.read(claim.job.id)
    job = storage.jobs.get(claim.job.id)
    front = frozenset[str]()
    return Known(job=job, fence=claim.fence, last_event=len(events), front=front)


@pytest.fixture
def claimed(
    empty_postgres_url: str, new_job: Callable[..., Job], start: Start, clock: Clock
) -> tuple[Storage, Claim]:
    storage = open_storage(empty_postgres_url, clock=clock)
    return storage, start(storage, new_job())


def record_in_short(
    recording: Recording, claim: Claim, evaluation: Evaluation, clock: Clock
) -> Job | None:
    return recording.record(
        claim,
        [Finished(evaluation=evaluation, front=[evaluation.id], hypervolume=1.0)],
        now=clock(),
    )


def test_the_short_way_is_gone_when_nothing_else_was_told(
    database: Database, claimed: tuple[Storage, Claim], new_evaluation: NewEvaluation, clock: Clock
) -> None:
    storage, claim = claimed
    recording = Recording(database)
    assert record_in_short(recording, claim, new_evaluation(claim, 0), clock) is None
    recording.know(known(storage, claim))
    for number in range(3):
        job = record_in_short(recording, claim, new_evaluation(claim, number), clock)
        assert job == storage.jobs.get(claim.job.id)
    assert [e.number for e in storage.evaluations.front_of(claim.job.id)] == [2]
    storage.close()
    database.close()


@pytest.mark.parametrize("what", ["event", "fence", "state", "same"])
def test_the_short_way_changes_nothing_when_something_is_not_as_it_was(
    database: Database,
    claimed: tuple[Storage, Claim],
    new_evaluation: NewEvaluation,
    clock: Clock,
    what: str,
) -> None:
    storage, claim = claimed
    recording = Recording(database)
    recording.know(known(storage, claim))
    first = new_evaluation(claim, 0)
    assert record_in_short(recording, claim, first, clock) is not None
    match what:
        case "event":
            storage.events.log(claim, "a word")
        case "fence":
            claim = replace(claim, fence=claim.fence + 1)
            recording.know(replace(known(storage, claim), fence=claim.fence))
        case "state":
            storage.jobs.step(claim.job.id, JobStep.PAUSE)
            recording.know(known(storage, claim))
    before = storage.jobs.get(claim.job.id), told(storage, claim.job.id)
    evaluation = first if what == "same" else new_evaluation(claim, 1)
    assert record_in_short(recording, claim, evaluation, clock) is None
    assert (storage.jobs.get(claim.job.id), told(storage, claim.job.id)) == before
    assert storage.evaluations.of_job(claim.job.id) == [first]
    storage.close()
    database.close()


def test_a_claim_that_is_lost_meanwhile_is_told(
    claimed: tuple[Storage, Claim], new_evaluation: NewEvaluation, record: Callable[..., None]
) -> None:
    storage, claim = claimed
    record(storage, claim, new_evaluation(claim, 0))
    storage.jobs.finish(claim, state=JobState.FAILED, reason="")
    with pytest.raises(LostClaim):
        record(storage, claim, new_evaluation(claim, 1))
    storage.close()


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("field", ["value", "replicates", "seconds", "hypervolume"])
def test_what_is_not_finite_is_refused_at_first_and_later(
    storage: Storage,
    new_job: Callable[..., Job],
    start: Start,
    new_evaluation: NewEvaluation,
    record: Callable[..., None],
    field: str,
    bad: float,
) -> None:
    claim = start(storage, new_job())
    for number in range(2):
        evaluation = new_evaluation(claim, number)
        match field:
            case "value":
                wrong = replace(evaluation, values={"fid": Value(value=bad)})
            case "replicates":
                wrong = replace(evaluation, values={"fid": Value(value=1.0, replicates=(bad,))})
            case "seconds":
                wrong = replace(evaluation, seconds=bad)
            case _:
                wrong = evaluation
        with pytest.raises(ValueError, match=r"finite|Out of range"):
            record(storage, claim, wrong, hypervolume=bad if field == "hypervolume" else None)
        assert len(storage.evaluations.of_job(claim.job.id)) == number
        record(storage, claim, evaluation)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=20))
def test_replicates_come_back_bit_by_bit_and_older_rows_are_read(replicates: list[float]) -> None:
    value = Value(value=1.0, replicates=tuple(replicates))
    stored = rows.stored_values({"fid": value})
    read = rows.values(stored)["fid"]
    assert struct.pack(f"{len(replicates)}d", *read.replicates) == struct.pack(
        f"{len(replicates)}d", *replicates
    )
    older = {"fid": {**stored["fid"], "replicates": replicates}}
    assert rows.values(older) == {"fid": value} == rows.values(stored)
