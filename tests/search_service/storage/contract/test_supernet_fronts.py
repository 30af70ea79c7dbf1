"""Fronts and best values over a supernet are those that comparing all evaluations would give."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search_service import fronts
from search_service.domain import pareto
from search_service.domain.evaluation import Evaluation, EvaluationState, Finished, Value
from search_service.domain.ids import new_id
from search_service.domain.job import Claim, Job, JobKind
from search_service.domain.objective import OBJECTIVES, Source
from search_service.domain.paired import tied
from search_service.domain.spec import Constraint, ObjectiveSpec, Op
from search_service.domain.supernet import Supernet, SupernetStatus
from search_service.storage import open_storage
from search_service.storage.base import Storage
from search_service.storage.sql import judged
from search_service.storage.sql.evaluations import SqlEvaluations

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SMALL = st.integers(-3, 3).map(float)  # so that many are equal
COSTS = [
    ObjectiveSpec(name="fid"),
    ObjectiveSpec(name="kid"),
    ObjectiveSpec(name="macs"),
    ObjectiveSpec(name="latency_ms"),
    ObjectiveSpec(name="latency_ms", device="cpu"),
    ObjectiveSpec(name="latency_ms", device="gpu"),
]


def judged_value(samples: int) -> st.SearchStrategy[Value]:
    return SMALL.map(
        lambda value: Value(
            value=value,
            low=value - 1,
            high=value + 1,
            samples=samples,
            protocol_digest=f"p{samples}",
        )
    )


def timed(device: str) -> st.SearchStrategy[Value]:
    return SMALL.map(lambda value: Value(value=value, device=device, protocol_digest="t"))


def bounded(cost: ObjectiveSpec, op: Op, value: float) -> Constraint:
    return Constraint(name=cost.name, device=cost.device, op=op, value=value)


SEARCH_VALUES = st.fixed_dictionaries(
    {},
    optional={
        "fid": judged_value(8) | judged_value(16),
        "kid": judged_value(8),
        "macs": SMALL.map(lambda value: Value(value=value)),
        "latency_ms": timed("cpu") | timed("gpu"),
    },
)
FINAL_VALUES = st.fixed_dictionaries(
    {}, optional={"fid": judged_value(16) | judged_value(32), "latency_ms": timed("cpu")}
)
RECORD = st.tuples(
    st.just("record"),
    st.integers(0, 2),  # job
    st.sampled_from("abcdef"),  # architecture
    SEARCH_VALUES,
    st.sampled_from([EvaluationState.MEASURED] * 4 + [EvaluationState.INFEASIBLE]),
)
REMEASURE = st.tuples(st.just("remeasure"), st.integers(0, 99), FINAL_VALUES)
MOVE = st.tuples(st.just("move"))
CONSTRAINT = st.builds(
    bounded,
    st.sampled_from(COSTS),
    st.sampled_from(Op),
    SMALL,
)
ASK = st.tuples(
    st.just("ask"),
    st.lists(st.sampled_from(COSTS), min_size=1, max_size=3, unique_by=lambda cost: cost.name),
    st.lists(CONSTRAINT, max_size=2, unique_by=lambda c: (c.name, c.device)),
)
STEPS = st.lists(RECORD | RECORD | REMEASURE | MOVE | ASK, max_size=25)
RANKS = st.permutations(range(25))  # of ids: the latest need not be recorded last


def plain(
    evaluations: Sequence[Evaluation],
    objectives: Sequence[ObjectiveSpec],
    where: Sequence[Constraint],
) -> list[tuple[Evaluation, tuple[Value, ...]]]:
    """Each that can answer, with its values of the objectives, by reading all of them."""
    measured = [e for e in evaluations if e.state is EvaluationState.MEASURED]
    latest = {}
    for evaluation in sorted(measured, key=lambda e: e.id):
        asked: list[ObjectiveSpec | Constraint] = [*objectives, *where]
        values = [value_of(evaluation, a.name, a.device, measured) for a in asked]
        if None not in values:
            latest[evaluation.architecture] = (evaluation, values)
    return [
        (evaluation, tuple(v for v in values[: len(objectives)] if v is not None))
        for evaluation, values in latest.values()
        if all(
            v is not None and not c.violation(v.value)
            for c, v in zip(where, values[len(objectives) :], strict=True)
        )
    ]


def value_of(
    evaluation: Evaluation, name: str, device: str, measured: Sequence[Evaluation]
) -> Value | None:
    given = [v[name] for e in measured for v in (e.values, e.final_values) if name in v]
    counts = [v.protocol_digest for v in given]
    chosen = max(
        given, key=lambda v: (v.samples or 0, counts.count(v.protocol_digest)), default=None
    )
    for values in (evaluation.final_values, evaluation.values):
        value = values.get(name)
        if value is None or device not in ("", value.device):
            continue
        if OBJECTIVES[name].source is not Source.IMAGES or (
            chosen is not None and chosen.protocol_digest == value.protocol_digest
        ):
            return value
    return None


class Asker:
    """A supernet of its own, and how its evaluations are made and asked for."""

    def __init__(self, storages: Sequence[Storage], ranks: Sequence[int]) -> None:
        self.storages = storages
        self.supernet = Supernet(
            id=new_id("sup"),
            name=new_id("sup"),
            family="anycost",
            parameters={},
            checkpoint="/weights",
            dataset="d",
            feature_extractor="f",
            status=SupernetStatus.READY,
            created_at=NOW,
        )
        self.claims = [self._claim() for _ in range(3)]
        self.ranks = iter(ranks)
        self.made: list[Evaluation] = []

    def _claim(self) -> Claim:
        job = Job(
            id=new_id("job"),
            kind=JobKind.SEARCH,
            supernet=self.supernet.id,
            spec={},
            created_at=NOW,
        )
        self.storages[0].jobs.add(job)
        claim = self.storages[0].jobs.claim(worker="w", lease_seconds=600)
        assert claim is not None
        assert claim.job.id == job.id
        return claim

    def record(self, job: int, name: str, values: dict[str, Value], state: EvaluationState) -> None:
        claim = self.claims[job]
        evaluation = Evaluation(
            id=f"evl_{self.supernet.id}_{next(self.ranks):02}",
            job=claim.job.id,
            supernet=self.supernet.id,
            number=len(self.made),
            architecture=name,
            options={},
            state=state,
            rung=0,
            values=values,
            created_at=NOW,
        )
        self.storages[0].evaluations.record(claim, [Finished(evaluation=evaluation)])
        self.made.append(evaluation)

    def remeasure(self, which: int, final_values: dict[str, Value]) -> None:
        if not self.made:
            return
        which %= len(self.made)
        evaluation = self.made[which]
        claim = next(c for c in self.claims if c.job.id == evaluation.job)
        self.storages[0].evaluations.record_final(
            claim, {evaluation.id: final_values}, front=[], hypervolume=None
        )
        self.made[which] = replace(evaluation, final_values=final_values)

    def move(self) -> None:
        for storage in self.storages:
            if isinstance(storage.evaluations, SqlEvaluations):
                storage.evaluations.judged_rows.move_tail(self.supernet.id)

    def ask(self, objectives: Sequence[ObjectiveSpec], where: Sequence[Constraint]) -> None:
        for storage in self.storages:
            self._ask_front(storage, objectives, where)
            self._ask_best(storage, objectives[0], where)

    def _ask_front(
        self, storage: Storage, objectives: Sequence[ObjectiveSpec], where: Sequence[Constraint]
    ) -> None:
        found = plain(self.made, objectives, where)
        rows = [[value.value for value in values] for _, values in found]
        costs = np.array(rows).reshape(len(found), len(objectives))
        front = fronts.supernet_front(
            self.supernet, objectives=objectives, where=where, storage=storage
        )
        members = [
            (*row, evaluation.id)
            for (evaluation, _), row in zip(found, rows, strict=True)
            if not any(np.all(other <= np.array(row)) and np.any(other < row) for other in costs)
        ]
        shown = [
            (*(point.best_values[o.name].value for o in objectives), point.id)
            for point in front.points
        ]
        assert shown == sorted(members)
        reference = fronts.pareto_reference(costs)
        names = [o.name for o in objectives]
        assert front.reference_point == dict(zip(names, reference, strict=False))
        assert front.hypervolume == (pareto.hypervolume(costs, reference) if found else None)

    def _ask_best(
        self, storage: Storage, minimize: ObjectiveSpec, where: Sequence[Constraint]
    ) -> None:
        found = sorted(
            plain(self.made, [minimize], where), key=lambda pair: (pair[1][0].value, pair[0].id)
        )
        answer = fronts.best(self.supernet, minimize=minimize, where=where, storage=storage)
        assert answer.support == len(found)
        if not found:
            assert answer.evaluation is None
            return
        (winner, (value,)), *others = found
        assert answer.evaluation is not None
        assert answer.evaluation.id == winner.id
        ends = (value.value, value.value) if value.low is None else (value.low, value.high)
        assert answer.interval == ends
        assert [e.id for e in answer.tied] == [
            e.id for e, (other,) in others if other.value == value.value or tied(other, value)
        ]


@pytest.fixture
def replicas(request: pytest.FixtureRequest, storage: Storage) -> Iterator[list[Storage]]:
    """Two processes' stores over one database, where it is one."""
    url = getattr(getattr(storage, "_database", None), "engine", None)
    if url is None:
        yield [storage]
        return
    other = open_storage(url.url.render_as_string(hide_password=False))
    yield [storage, other]
    other.close()


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS, ranks=RANKS, question=ASK)
def test_answers_are_those_of_reading_everything(
    replicas: list[Storage],
    steps: list[Any],
    ranks: list[int],
    question: Any,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judged, "BLOCK_ROWS", 4)
        asker = Asker(replicas, ranks)
        for name, *arguments in itertools.chain(steps, [question]):
            getattr(asker, name)(*arguments)
            if name == "remeasure":  # what was answered before may have ended
                asker.ask(*question[1:])
