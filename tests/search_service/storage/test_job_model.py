"""Any sequence of calls has the same outcome in memory, SQLite and PostgreSQL, and keeps the job's
laws."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from search_service.domain.evaluation import Evaluation, EvaluationState, Finished
from search_service.domain.job import Claim, Job, JobChange, JobKind, JobState, JobStep
from search_service.domain.measurement import Measurement, MeasurementKey, Protocol
from search_service.errors import GansearchError
from search_service.storage import open_storage
from search_service.storage.base import Storage
from search_service.storage.sql.engine import Database
from search_service.storage.sql.tables import metadata

START = datetime(2030, 1, 1, tzinfo=UTC)
TERMINAL = [JobState.SUCCEEDED, JobState.FAILED]

PROTOCOL = Protocol(objective="fid", parameters={})


def key(name: str) -> MeasurementKey:
    return MeasurementKey(
        supernet_digest="d",
        architecture=name,
        objective="fid",
        protocol_digest=PROTOCOL.digest,
        device="",
    )


class TwoStores(RuleBasedStateMachine):
    """Every rule is done to both; answers and refusals must be the same."""

    jobs = Bundle("jobs")
    claims = Bundle("claims")

    def __init__(self, url: str = "") -> None:
        """Without a URL the other store is in a file of SQLite's."""
        super().__init__()
        self.now = START
        self.folder = tempfile.TemporaryDirectory(prefix="gs-model-")
        url = url or f"sqlite:///{Path(self.folder.name) / 'm.db'}"
        self.stores = [open_storage(url, clock=lambda: self.now) for url in ("memory://", url)]
        self.made = 0
        self.fences: set[tuple[str, int]] = set()
        self.owners: dict[MeasurementKey, str] = {}  # the job that had a lease on it last
        self.stored: dict[MeasurementKey, float] = {}
        self.as_of: dict[tuple[str, int], Job] = {}  # by id and last event

    def teardown(self) -> None:
        for store in self.stores:
            store.close()
        self.folder.cleanup()

    def both(self, call: Any) -> Any:
        """The answer of both stores, or the kind of their refusal."""
        answers = [self._answer(call, store) for store in self.stores]
        assert answers[0] == answers[1]
        return answers[0]

    def _answer(self, call: Any, store: Storage) -> Any:
        try:
            return call(store)
        except (GansearchError, ValueError) as error:
            return type(error), str(error)

    @rule(target=jobs, priority=st.integers(0, 2), team=st.sampled_from("ab"))
    def add(self, priority: int, team: str) -> str:
        self.made += 1
        job = Job(
            id=f"job_{self.made}",
            kind=JobKind.SEARCH,
            supernet="sup_a",
            spec={},
            priority=priority,
            team=team,
            created_at=self.now,
        )
        self.both(lambda store: store.jobs.add(job))
        return job.id

    @rule(target=claims, seconds=st.sampled_from([0.0, 5.0, 50.0]))
    def claim(self, seconds: float) -> Any:
        claim = self.both(lambda store: store.jobs.claim(worker="w", lease_seconds=seconds))
        if claim is None:
            return multiple()
        assert (claim.job.id, claim.fence) not in self.fences
        self.fences.add((claim.job.id, claim.fence))
        return claim

    @rule(seconds=st.sampled_from([1.0, 10.0, 100.0]))
    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(job_id=jobs, step=st.sampled_from(JobStep))
    def step(self, job_id: str, step: JobStep) -> None:
        self.both(lambda store: store.jobs.step(job_id, step))

    @rule(
        job_id=jobs,
        priority=st.none() | st.integers(0, 2),
        labels=st.none() | st.dictionaries(st.sampled_from(["a", "team"]), st.sampled_from("ab")),
        budget=st.none() | st.integers(1, 4),
    )
    def change(
        self, job_id: str, priority: int | None, labels: dict[str, str] | None, budget: int | None
    ) -> None:
        wanted = None if budget is None else {"evaluations": budget}
        change = JobChange(priority=priority, labels=labels, budget=wanted)
        self.both(lambda store: store.jobs.change(job_id, change))

    @rule(claim=claims, names=st.sets(st.sampled_from("abc"), max_size=3))
    def reserve(self, claim: Claim, names: set[str]) -> None:
        asked = list(map(key, sorted(names)))
        held = self.both(lambda store: set(store.measurements.reserve(claim, asked)))
        if not isinstance(held, set):
            return
        assert not held & self.stored.keys()
        assert self.both(lambda store: set(store.measurements.reserve(claim, list(held)))) == held
        self.owners |= dict.fromkeys(held, claim.job.id)
        # What it has not got is stored, or has an owner.
        for other in set(asked) - held:
            assert other in self.stored or self.owners[other] != claim.job.id

    @rule(claim=claims, name=st.sampled_from("abc"))
    def give_up(self, claim: Claim, name: str) -> None:
        self.both(lambda store: store.measurements.give_up(claim, [key(name)]))

    @rule(name=st.sampled_from("abc"), value=st.integers(0, 9))
    def measure(self, name: str, value: int) -> None:
        measured = Measurement(value=value, low=value, high=value, protocol=PROTOCOL)
        kept = self.both(lambda store: store.measurements.add({key(name): measured}))[
            key(name)
        ].value
        assert self.stored.setdefault(key(name), kept) == kept

    @rule(claim=claims)
    def renew(self, claim: Claim) -> None:
        self.both(lambda store: store.jobs.renew(claim, lease_seconds=10))

    @rule(claim=claims)
    def release(self, claim: Claim) -> None:
        self.both(lambda store: store.jobs.release(claim))

    @rule(claim=consumes(claims), state=st.sampled_from(TERMINAL))
    def finish(self, claim: Claim, state: JobState) -> None:
        self.both(lambda store: store.jobs.finish(claim, state=state, reason="x"))

    @rule(claim=claims, number=st.integers(0, 3), on_front=st.booleans())
    def record(self, claim: Claim, number: int, on_front: bool) -> None:
        evaluation = Evaluation(
            id=f"evl_{claim.job.id}_{number}",
            job=claim.job.id,
            supernet="sup_a",
            number=number,
            architecture=str(number),
            options={},
            state=EvaluationState.MEASURED,
            rung=0,
            values={},
            created_at=self.now,
        )
        self.both(
            lambda store: store.evaluations.record(
                claim,
                [Finished(evaluation=evaluation, front=[evaluation.id] if on_front else None)],
            )
        )

    @rule(claim=claims)
    def log(self, claim: Claim) -> None:
        self.both(lambda store: store.events.log(claim, "here"))

    @rule(claim=claims, members=st.lists(st.integers(0, 3), max_size=2))
    def record_final(self, claim: Claim, members: list[int]) -> None:
        front = [f"evl_{claim.job.id}_{number}" for number in members]
        self.both(
            lambda store: store.evaluations.record_final(claim, {}, front=front, hypervolume=None)
        )

    @invariant()
    def the_laws_hold(self) -> None:
        self.both(lambda store: store.jobs.counts())
        self.both(lambda store: store.jobs.oldest_queued())
        for job in self.both(lambda store: store.jobs.page(size=100)).items:
            self.of_one_job(job)

    def of_one_job(self, job: Job) -> None:
        events = self.both(lambda store, id_=job.id: store.events.read(id_, limit=1000))
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        # Whoever knows a job as of its last event knows it as it is.
        last = self.both(lambda store: store.jobs.last_events([job.id]))
        assert last == {job.id: (len(events), events[-1].at)}
        assert self.as_of.setdefault((job.id, len(events)), job) == job
        told = [event.data["state"] for event in events if event.kind == "state"]
        assert told[-1] == job.state
        stored = self.both(lambda store, id_=job.id: store.evaluations.of_job(id_))
        assert job.evaluations == len(stored)
        front = self.both(
            lambda store, id_=job.id: sorted(e.id for e in store.evaluations.front_of(id_))
        )
        assert job.front_size == len(front)
        self.both(lambda store, id_=job.id: store.evaluations.history(id_))


@pytest.mark.slow
def test_postgresql_does_as_memory_does(postgres_url: str) -> None:
    def emptied() -> TwoStores:
        database = Database(postgres_url)
        with database.writing() as connection:
            connection.execute(text(f"TRUNCATE {', '.join(metadata.tables)}"))
        database.close()
        return TwoStores(postgres_url)

    fewer = settings(TwoStores.TestCase.settings, max_examples=10)
    # Its annotation says a class, its documentation a factory.
    run_state_machine_as_test(emptied, settings=fewer)  # type: ignore[arg-type]


TestTwoStores = pytest.mark.slow(TwoStores.TestCase)
TwoStores.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
