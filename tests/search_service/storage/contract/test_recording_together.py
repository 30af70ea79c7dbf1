"""The contract of evaluations recorded together: as one after the other, and all or none."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search_service.domain.evaluation import Evaluation, EvaluationState, Finished
from search_service.domain.ids import new_id
from search_service.domain.job import Claim, Job
from search_service.errors import LostClaim
from search_service.storage import open_storage
from search_service.storage.base import Storage
from search_service.storage.clock import Clock

Start = Callable[[Storage, Job], Claim]
NewJob = Callable[..., Job]
NewEvaluation = Callable[..., Evaluation]

# Of each evaluation: whether its number was there before, how it ended, how many of the last are a
# new front, the hypervolume, and whether the next is recorded together with it.
ENDS = st.lists(
    st.tuples(
        st.booleans(),
        st.sampled_from([*EvaluationState]),
        st.none() | st.integers(0, 4),
        st.none() | st.floats(0, 10),
        st.booleans(),
    ),
    max_size=12,
)


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(ends=ENDS)
def test_together_or_one_after_the_other_leaves_the_same(
    storage: Storage,
    new_job: NewJob,
    new_evaluation: NewEvaluation,
    start: Start,
    clock: Clock,
    ends: list[tuple[bool, EvaluationState, int | None, float | None, bool]],
) -> None:
    reference = open_storage("memory://", clock=clock)
    job = new_job(supernet=new_id("sup"))
    claim = start(reference, job)
    assert start(storage, job) == claim
    made: list[Evaluation] = []
    together: list[Finished] = []
    for again, state, front, hypervolume, joined in ends:
        number = len(made) - 1 if again and made else len(made)
        evaluation = new_evaluation(claim, number, state=state)
        if number == len(made):
            made.append(evaluation)
        finished = Finished(
            evaluation=evaluation,
            front=None if front is None else [e.id for e in made][len(made) - front :],
            hypervolume=hypervolume,
            reference_point={"fid": float(len(made))} if front else None,
        )
        reference.evaluations.record(claim, [finished])
        together.append(finished)
        if not joined:
            storage.evaluations.record(claim, together)
            together = []
    if together:
        storage.evaluations.record(claim, together)
    assert shown(storage, job) == shown(reference, job)


def shown(storage: Storage, job: Job) -> list[Any]:
    with storage.evaluations.judged(job.supernet) as judged:
        measured = sorted(judged.ids.tolist())
    return [
        storage.jobs.get(job.id),
        storage.evaluations.of_job(job.id),
        storage.evaluations.history(job.id),
        {e.id for e in storage.evaluations.front_of(job.id)},
        [(e.sequence, e.kind, e.data) for e in storage.events.read(job.id)],
        *(storage.evaluations.page(job.id, size=50, order_by=o).items for o in ("number", "fid")),
        measured,
    ]


def test_a_front_may_not_name_who_is_recorded_after_it(
    storage: Storage, new_job: NewJob, new_evaluation: NewEvaluation, start: Start
) -> None:
    claim = start(storage, new_job())
    first, second, third = (new_evaluation(claim, number) for number in range(3))
    before = shown(storage, claim.job)
    with pytest.raises(ValueError, match=f"{third.id}.*is no evaluation of {claim.job.id}"):
        storage.evaluations.record(
            claim,
            [
                Finished(evaluation=first, front=[first.id]),
                Finished(evaluation=second, front=[first.id, third.id]),
                Finished(evaluation=third),
            ],
        )
    assert shown(storage, claim.job) == before


def test_one_without_a_json_form_keeps_the_others_out(
    storage: Storage, new_job: NewJob, new_evaluation: NewEvaluation, start: Start
) -> None:
    claim = start(storage, new_job())
    storage.evaluations.record(claim, [Finished(evaluation=new_evaluation(claim, 0))])
    before = shown(storage, claim.job)
    with pytest.raises(ValueError, match=r"finite|JSON"):
        storage.evaluations.record(
            claim,
            [
                Finished(evaluation=new_evaluation(claim, 1)),
                Finished(evaluation=new_evaluation(claim, 2, seconds=float("nan"))),
            ],
        )
    assert shown(storage, claim.job) == before


def test_a_claim_that_has_ended_records_none_of_them(
    storage: Storage, new_job: NewJob, new_evaluation: NewEvaluation, start: Start
) -> None:
    claim = start(storage, new_job())
    storage.evaluations.record(claim, [Finished(evaluation=new_evaluation(claim, 0))])
    storage.jobs.release(claim)
    assert storage.jobs.claim(worker="another", lease_seconds=30) is not None
    before = shown(storage, claim.job)
    late = [Finished(evaluation=new_evaluation(claim, number)) for number in (1, 2)]
    with pytest.raises(LostClaim):
        storage.evaluations.record(claim, late)
    assert shown(storage, claim.job) == before
