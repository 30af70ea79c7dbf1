"""The contract of evaluations: records, fronts, history, pages."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from search_service.domain.evaluation import Evaluation, EvaluationState, Value
from search_service.domain.event import EventKind
from search_service.domain.job import Claim, Job, JobState, JobStep
from search_service.errors import InvalidInput, LostClaim, NotFound, UnknownName
from search_service.storage.base import Storage

Start = Callable[[Storage, Job], Claim]
NewJob = Callable[..., Job]
NewEvaluation = Callable[..., Evaluation]
Record = Callable[..., None]


def test_an_evaluation_comes_back_as_it_was_recorded(
    storage: Storage, new_job: NewJob, start: Start, new_evaluation: NewEvaluation, record: Record
) -> None:
    claim = start(storage, new_job())
    measured = new_evaluation(claim, 1, samples_artifact="art_x", seconds=0.25, rung=1)
    broken = new_evaluation(
        claim, 0, fid=None, state=EvaluationState.INFEASIBLE, reason="macs<=1", rung=-1, cached=True
    )
    record(storage, claim, measured)
    record(storage, claim, broken)
    assert storage.evaluations.get(measured.id) == measured
    assert storage.evaluations.of_job(claim.job.id) == [broken, measured]


def test_what_is_not_there_is_not_found_and_lists_are_empty(storage: Storage) -> None:
    with pytest.raises(NotFound, match="evl_none"):
        storage.evaluations.get("evl_none")
    assert storage.evaluations.of_job("job_none") == []
    assert storage.evaluations.front_of("job_none") == []
    assert storage.evaluations.history("job_none") == []
    assert storage.evaluations.page("job_none", size=5).items == ()


def test_recording_counts_and_tells(
    storage: Storage, new_job: NewJob, start: Start, new_evaluation: NewEvaluation, record: Record
) -> None:
    claim = start(storage, new_job())
    first, second = new_evaluation(claim, 0), new_evaluation(claim, 1)
    point = {"fid": 100.0, "macs": 1e9}
    record(storage, claim, first, front=[first.id], hypervolume=0.5, reference_point=point)
    record(storage, claim, second)
    job = storage.jobs.get(claim.job.id)
    assert (job.evaluations, job.front_size, job.hypervolume) == (2, 1, 0.5)
    assert job.reference_point == point
    told = storage.events.read(job.id, after=2)
    assert [event.kind for event in told] == [
        EventKind.EVALUATION,
        EventKind.FRONT,
        EventKind.EVALUATION,
    ]
    assert told[0].data["id"] == first.id
    assert told[0].data["values"]["fid"] == {"value": 20, "low": 19, "high": 21, "samples": 512}
    assert told[1].data["members"] == [first.id]
    assert told[1].data["hypervolume"] == 0.5
    assert told[2].data["evaluations"] == 2


def test_the_reference_point_is_that_of_the_first_who_gave_one(
    storage: Storage, new_job: NewJob, start: Start, new_evaluation: NewEvaluation, record: Record
) -> None:
    claim = start(storage, new_job())
    for number, point in enumerate((None, {"fid": 1.0}, {"fid": 2.0})):
        record(storage, claim, new_evaluation(claim, number), reference_point=point)
    assert storage.jobs.get(claim.job.id).reference_point == {"fid": 1.0}


def test_a_number_recorded_twice_stays_as_it_was_first(
    storage: Storage, new_job: NewJob, start: Start, new_evaluation: NewEvaluation, record: Record
) -> None:
    claim = start(storage, new_job())
    first = new_evaluation(claim, 0)
    record(storage, claim, first, front=[first.id], hypervolume=1.0)
    before = (storage.jobs.get(claim.job.id), storage.events.read(claim.job.id))
    again = new_evaluation(claim, 0, fid=1.0)
    record(storage, claim, again, front=[again.id], hypervolume=2.0)
    assert storage.evaluations.of_job(claim.job.id) == [first]
    assert (storage.jobs.get(claim.job.id), storage.events.read(claim.job.id)) == before


def test_a_lost_claim_records_nothing(
    storage: Storage, new_job: NewJob, start: Start, new_evaluation: NewEvaluation, record: Record
) -> None:
    claim = start(storage, new_job())
    kept = new_evaluation(claim, 0)
    record(storage, claim, kept)
    storage.jobs.step(claim.job.id, JobStep.PAUSE)
    events = storage.events.read(claim.job.id)
    with pytest.raises(LostClaim):
        record(storage, claim, new_evaluation(claim, 1))
    with pytest.raises(LostClaim):
        storage.evaluations.record_final(claim, {}, front=[kept.id], hypervolume=None)
    assert storage.evaluations.of_job(claim.job.id) == [kept]
    assert storage.evaluations.front_of(claim.job.id) == []
    assert storage.events.read(claim.job.id) == events


def test_a_front_names_only_evaluations_of_its_job(
    storage: Storage, new_job: NewJob, start: Start, new_evaluation: NewEvaluation, record: Record
) -> None:
    other = start(storage, new_job())
    stranger = new_evaluation(other, 0)
    record(storage, other, stranger)
    claim = start(storage, new_job())
    for strange in (stranger.id, "evl_none"):
        own = new_evaluation(claim, 0)
        with pytest.raises(ValueError, match=strange):
            record(storage, claim, own, front=[own.id, strange])
        with pytest.raises(ValueError, match=strange):
            storage.evaluations.record_final(claim, {strange: {}}, front=[], hypervolume=None)
    assert storage.evaluations.of_job(claim.job.id) == []
    assert storage.jobs.get(claim.job.id).evaluations == 0
    assert len(storage.events.read(claim.job.id)) == 2


def test_the_front_is_the_one_told_last(
    storage: Storage, new_job: NewJob, start: Start, new_evaluation: NewEvaluation, record: Record
) -> None:
    claim = start(storage, new_job())
    made = [new_evaluation(claim, number) for number in range(4)]
    record(storage, claim, made[0], front=[made[0].id], hypervolume=1.0)
    record(storage, claim, made[1], front=[made[0].id, made[1].id], hypervolume=2.0)
    record(storage, claim, made[2])
    record(storage, claim, made[3], front=[made[1].id, made[3].id], hypervolume=3.0)
    front = {evaluation.id for evaluation in storage.evaluations.front_of(claim.job.id)}
    assert front == {made[1].id, made[3].id}
    assert storage.evaluations.history(claim.job.id) == [
        (1, 1, 1.0),
        (2, 2, 2.0),
        (3, 2, 2.0),
        (4, 2, 3.0),
    ]


def test_final_values_stand_beside_those_of_the_search(
    storage: Storage, new_job: NewJob, start: Start, new_evaluation: NewEvaluation, record: Record
) -> None:
    claim = start(storage, new_job())
    made = [new_evaluation(claim, number) for number in range(3)]
    for evaluation in made:
        record(storage, claim, evaluation, front=[evaluation.id], hypervolume=1.0)
    final = {"fid": Value(value=22.0, low=21.5, high=22.5, samples=10_000)}
    storage.evaluations.record_final(
        claim, {made[0].id: final}, front=[made[0].id, made[1].id], hypervolume=None
    )
    assert storage.evaluations.get(made[0].id) == replace(made[0], final_values=final)
    assert storage.evaluations.get(made[1].id) == made[1]
    job = storage.jobs.get(claim.job.id)
    assert (job.front_size, job.hypervolume, job.evaluations) == (2, None, 3)
    last = storage.events.read(job.id)[-1]
    assert last.kind is EventKind.FRONT
    assert last.data["members"] == sorted([made[0].id, made[1].id])
    assert len(storage.evaluations.history(job.id)) == 3


def test_evaluations_survive_a_retry(
    storage: Storage, new_job: NewJob, start: Start, new_evaluation: NewEvaluation, record: Record
) -> None:
    claim = start(storage, new_job())
    kept = new_evaluation(claim, 0)
    record(storage, claim, kept, front=[kept.id], hypervolume=1.0)
    storage.jobs.finish(claim, state=JobState.FAILED, reason="x")
    storage.jobs.step(claim.job.id, JobStep.RETRY)
    again = storage.jobs.claim(worker="second", lease_seconds=30)
    assert again is not None
    record(storage, again, new_evaluation(again, 1))
    assert storage.jobs.get(claim.job.id).evaluations == 2
    assert storage.evaluations.front_of(claim.job.id) == [kept]


def test_a_supernet_has_the_measured_evaluations_of_all_its_jobs(
    storage: Storage, new_job: NewJob, start: Start, new_evaluation: NewEvaluation, record: Record
) -> None:
    wanted = []
    for supernet in ("sup_a", "sup_b", "sup_a"):
        claim = start(storage, new_job(supernet=supernet))
        measured = new_evaluation(claim, 0)
        record(storage, claim, measured)
        record(storage, claim, new_evaluation(claim, 1, state=EvaluationState.FAILED))
        if supernet == "sup_a":
            wanted.append(measured)
    with storage.evaluations.judged("sup_a") as judged:
        ids = [id_.decode() for id_ in judged.ids.tolist()]
    assert sorted(ids) == sorted(evaluation.id for evaluation in wanted)
    asked = [wanted[1].id, "evl_none", wanted[0].id]
    assert storage.evaluations.some(asked) == [wanted[1], wanted[0]]


@pytest.mark.parametrize("order_by", ["number", "fid", "macs"])
def test_pages_hold_every_evaluation_once_in_order(
    storage: Storage,
    new_job: NewJob,
    start: Start,
    new_evaluation: NewEvaluation,
    record: Record,
    order_by: str,
) -> None:
    claim = start(storage, new_job())
    fids = [7.25, None, 0.1 + 0.2, -1.0, 7.25, None, 1e-300, 0.0]
    made = [
        new_evaluation(claim, number, fid=fid, macs=10 - number) for number, fid in enumerate(fids)
    ]
    for evaluation in reversed(made):
        record(storage, claim, evaluation)
    # The best value counts: the re-measured one.
    final = {made[0].id: {"fid": Value(value=0.2)}}
    storage.evaluations.record_final(claim, final, front=[], hypervolume=None)
    order = {
        "number": [0, 1, 2, 3, 4, 5, 6, 7],
        "fid": [3, 7, 6, 0, 2, 4, 1, 5],
        "macs": [7, 6, 5, 4, 3, 2, 1, 0],
    }[order_by]
    for size in (1, 3, 8, 100):
        seen: list[Evaluation] = []
        page = storage.evaluations.page(claim.job.id, size=size, order_by=order_by)
        seen.extend(page.items)
        while page.next_token is not None:
            page = storage.evaluations.page(
                claim.job.id, size=size, token=page.next_token, order_by=order_by
            )
            seen.extend(page.items)
        assert [evaluation.number for evaluation in seen] == order


def test_a_token_serves_one_listing_in_one_order(
    storage: Storage, new_job: NewJob, start: Start, new_evaluation: NewEvaluation, record: Record
) -> None:
    claim = start(storage, new_job())
    for number in range(3):
        record(storage, claim, new_evaluation(claim, number))
    token = storage.evaluations.page(claim.job.id, size=1, order_by="fid").next_token
    for job_id, order_by in ((claim.job.id, "macs"), ("job_other", "fid")):
        with pytest.raises(InvalidInput) as caught:
            storage.evaluations.page(job_id, size=1, order_by=order_by, token=token)
        assert caught.value.pointer == "/page_token"


def test_an_order_by_no_objective_is_refused(storage: Storage) -> None:
    with pytest.raises(UnknownName, match="fid") as caught:
        storage.evaluations.page("job_x", size=1, order_by="beauty")
    assert caught.value.pointer == "/order_by"
