"""The best of all stored evaluations, and what noise alone sets apart from it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from search_service import fronts
from search_service.domain.evaluation import Evaluation, EvaluationState, Finished, Value
from search_service.domain.ids import new_id
from search_service.domain.job import Job, JobKind
from search_service.domain.spec import ObjectiveSpec
from search_service.domain.supernet import Supernet, SupernetStatus
from search_service.storage import MemoryStorage

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WOBBLE = (0.5, -0.5, 0.25, -0.25)  # the noise that equal latents have in common


def judged(value: float, wobble: tuple[float, ...]) -> Value:
    return Value(
        value=value,
        low=value - 1,
        high=value + 1,
        samples=512,
        protocol_digest="p",
        replicates=tuple(value + w for w in wobble),
    )


@pytest.fixture
def best() -> Any:
    """What is best of some values of `fid`, by name."""

    def found(**values: Value) -> tuple[str, list[str]]:
        storage = MemoryStorage()
        supernet = Supernet(
            id=new_id("sup"),
            name="net",
            family="anycost",
            parameters={},
            checkpoint="/weights",
            dataset="fashion-mnist-32",
            feature_extractor="fashion-classifier",
            status=SupernetStatus.READY,
            created_at=NOW,
        )
        storage.supernets.add(supernet)
        spec: dict[str, Any] = {}
        job = Job(
            id=new_id("job"), kind=JobKind.SEARCH, supernet=supernet.id, spec=spec, created_at=NOW
        )
        storage.jobs.add(job)
        claim = storage.jobs.claim(worker="test", lease_seconds=60)
        assert claim is not None
        for number, (name, value) in enumerate(values.items()):
            evaluation = Evaluation(
                id=new_id("evl"),
                job=job.id,
                supernet=supernet.id,
                number=number,
                architecture=name,
                options={},
                state=EvaluationState.MEASURED,
                rung=0,
                values={"fid": value},
                created_at=NOW,
            )
            storage.evaluations.record(claim, [Finished(evaluation=evaluation)])
        answer = fronts.best(supernet, minimize=ObjectiveSpec(name="fid"), storage=storage)
        assert answer.evaluation is not None
        return answer.evaluation.architecture, [e.architecture for e in answer.tied]

    return found


def test_one_whose_noise_is_its_own_is_tied_with_the_best(best: Any) -> None:
    other = tuple(reversed(WOBBLE))
    assert best(a=judged(2.0, WOBBLE), b=judged(2.1, other)) == ("a", ["b"])


def test_one_with_the_same_noise_is_worse_however_wide_the_intervals(best: Any) -> None:
    assert best(a=judged(2.0, WOBBLE), b=judged(2.1, WOBBLE)) == ("a", [])


def on_front(name: str, fid: Value, macs: float) -> Evaluation:
    return Evaluation(
        id=name,
        job="job_1",
        supernet="sup_1",
        number=0,
        architecture=name,
        options={},
        state=EvaluationState.MEASURED,
        rung=0,
        values={"fid": judged(99.0, WOBBLE), "macs": Value(value=macs)},
        final_values={"fid": fid},
        created_at=NOW,
    )


def test_points_of_a_front_are_tied_by_the_noise_of_their_final_values() -> None:
    other = tuple(reversed(WOBBLE))
    points = [
        on_front("a", judged(2.0, WOBBLE), 3.0),
        on_front("b", judged(2.1, WOBBLE), 2.0),  # the same noise: a real difference
        on_front("c", judged(2.2, other), 1.0),  # noise of its own: it may be none
    ]
    names = [ObjectiveSpec(name="fid"), ObjectiveSpec(name="macs")]
    found = fronts.ties(points, names)
    assert [places.tolist() for places in found["fid"].each()] == [[2], [2], [0, 1]]
    assert [places.tolist() for places in found["macs"].each()] == [[], [], []]
