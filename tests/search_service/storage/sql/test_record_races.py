"""A record that meets another change of its job in the same instant, on a real PostgreSQL.

The other change holds the job's row when the record asks for it; so the record waits, and when the
other is committed it finds the row as that left it.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from sqlalchemy import event, text

from search_service.domain.evaluation import Evaluation
from search_service.domain.event import EventKind
from search_service.domain.job import Claim, Job, JobState, JobStep
from search_service.errors import LostClaim
from search_service.storage import open_storage
from search_service.storage.base import Storage
from search_service.storage.clock import Clock
from tests.support.waiting import PATIENCE_SECONDS

NewEvaluation = Callable[..., Evaluation]
Record = Callable[..., None]
WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")


class Undone(Exception):
    """Undoes a transaction."""


class Race:
    """A job of which `mine` has recorded number 0 and the front, so that it knows the job and goes
    the short way; and another process's store. `errors` counts statements of the short way that the
    server refused."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.mine, self.other = (open_storage(url, clock=clock) for _ in range(2))
        self.claim: Claim
        self.errors = 0
        pool = self.mine._database._single.pool  # type: ignore[attr-defined]  # of the SQL store
        event.listen(pool, "invalidate", self._count)

    def _count(self, *_: object) -> None:
        self.errors += 1

    @contextmanager
    def meeting(
        self, record: Callable[[], None], *, undone: bool = False
    ) -> Iterator[Future[None]]:
        """The block's changes through `other` are under way when the record asks for the row, and
        are committed, or undone, after it. The future is done when the block is left."""
        database: Any = self.other._database  # type: ignore[attr-defined]  # of the SQL store
        met = threading.Event()

        def when_met() -> None:
            met.wait(60)
            record()

        with ThreadPoolExecutor(1) as executor:
            with suppress(Undone), database.together():
                future = executor.submit(when_met)
                yield future
                met.set()
                deadline = time.monotonic() + PATIENCE_SECONDS
                with open_connection(self.mine) as connection:
                    while not connection.execute(WAITING).scalar_one():
                        assert time.monotonic() < deadline
                        time.sleep(0.005)
                    assert not future.done()
                if undone:
                    raise Undone
            future.exception(timeout=PATIENCE_SECONDS)

    @property
    def numbers(self) -> list[int]:
        """Recorded; that each is told and counted once, without a gap, is checked."""
        id_ = self.claim.job.id
        evaluations = self.other.evaluations.of_job(id_)
        events = self.other.events.read(id_)
        assert [e.sequence for e in events] == list(range(1, len(events) + 1))
        assert self.other.jobs.last_events([id_])[id_][0] == len(events)
        told = [e.data["number"] for e in events if e.kind is EventKind.EVALUATION]
        assert sorted(told) == [e.number for e in evaluations]
        assert self.other.jobs.get(id_).evaluations == len(evaluations)
        assert [n for n, _, _ in self.other.evaluations.history(id_)] == list(
            range(1, len(evaluations) + 1)
        )
        return [e.number for e in evaluations]


@contextmanager
def open_connection(storage: Storage) -> Iterator[Any]:
    engine = storage._database.engine  # type: ignore[attr-defined]  # of the SQL store
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


@pytest.fixture
def race(
    empty_postgres_url: str,
    clock: Clock,
    new_job: Callable[..., Job],
    start: Callable[[Storage, Job], Claim],
    new_evaluation: NewEvaluation,
    record: Record,
) -> Iterator[Race]:
    race = Race(empty_postgres_url, clock)
    race.claim = start(race.mine, new_job())
    first = new_evaluation(race.claim, 0)
    record(race.mine, race.claim, first, front=[first.id])
    yield race
    race.mine.close()
    race.other.close()


@pytest.fixture
def recording(race: Race, new_evaluation: NewEvaluation, record: Record) -> Callable[[int], Any]:
    """A record of that number through `mine`, to be made later."""

    def of(number: int) -> Callable[[], None]:
        evaluation = new_evaluation(race.claim, number)
        return lambda: record(race.mine, race.claim, evaluation, front=[evaluation.id])

    return of


def test_two_records_that_would_tell_the_same_number_tell_one_after_the_other(
    race: Race, recording: Callable[[int], Any], new_evaluation: NewEvaluation, record: Record
) -> None:
    with race.meeting(recording(1)) as mine:
        record(race.other, race.claim, new_evaluation(race.claim, 2))
    mine.result()
    assert race.numbers == [0, 1, 2]
    assert race.errors == 0  # it saw that it came second, and did not run into the other's rows


def test_of_two_records_of_one_number_the_first_stays(
    race: Race, recording: Callable[[int], Any], new_evaluation: NewEvaluation, record: Record
) -> None:
    first = new_evaluation(race.claim, 1)
    with race.meeting(recording(1)) as mine:
        record(race.other, race.claim, first)
    mine.result()
    assert race.numbers == [0, 1]
    assert race.other.evaluations.of_job(race.claim.job.id)[1] == first
    assert [e.number for e in race.other.evaluations.front_of(race.claim.job.id)] == [0]
    assert race.errors == 0


def test_a_word_that_is_told_meanwhile_is_told_before_the_record(
    race: Race, recording: Callable[[int], Any]
) -> None:
    with race.meeting(recording(1)) as mine:
        race.other.events.log(race.claim, "a word")
    mine.result()
    assert race.numbers == [0, 1]
    assert [e.kind for e in race.other.events.read(race.claim.job.id)][-3:] == [
        "log",
        "evaluation",
        "front",
    ]
    assert race.errors == 0


@pytest.mark.parametrize("step", [JobStep.CANCEL, JobStep.PAUSE])
def test_a_record_into_a_job_that_is_stopped_meanwhile_is_refused(
    race: Race, recording: Callable[[int], Any], step: JobStep
) -> None:
    with race.meeting(recording(1)) as mine:
        race.other.jobs.step(race.claim.job.id, step)
    with pytest.raises(LostClaim):
        mine.result()
    assert race.numbers == [0]
    assert race.other.jobs.get(race.claim.job.id).state is not JobState.RUNNING
    assert race.errors == 0


def test_a_record_under_a_lease_that_passed_and_was_taken_meanwhile_is_refused(
    race: Race, recording: Callable[[int], Any], advance: Callable[[float], None]
) -> None:
    advance(31)
    with race.meeting(recording(1)) as mine:
        successor = race.other.jobs.claim(worker="second", lease_seconds=30)
    assert successor is not None
    with pytest.raises(LostClaim):
        mine.result()
    assert race.numbers == [0]
    assert race.errors == 0


def test_a_change_that_is_undone_leaves_the_record_its_way(
    race: Race, recording: Callable[[int], Any]
) -> None:
    with race.meeting(recording(1), undone=True) as mine:
        race.other.jobs.step(race.claim.job.id, JobStep.CANCEL)
    mine.result()
    assert race.numbers == [0, 1]


@pytest.mark.parametrize("what", ["fence = fence + 1", "state = 'paused'"])
def test_fence_and_state_are_each_looked_at(
    race: Race, recording: Callable[[int], Any], what: str
) -> None:
    """Each by itself, although no change of ours changes the state alone."""
    with open_connection(race.other) as connection:
        connection.execute(text(f"UPDATE jobs SET {what}"))
    with pytest.raises(LostClaim):
        recording(1)()
    assert race.numbers == [0]


def test_the_number_of_the_last_event_is_looked_at(
    race: Race, recording: Callable[[int], Any]
) -> None:
    """By itself, with no event that would stand in the way."""
    id_ = race.claim.job.id
    before = race.other.jobs.last_events([id_])[id_][0]
    with open_connection(race.other) as connection:
        connection.execute(text("UPDATE jobs SET last_event = last_event + 5"))
    recording(1)()
    events = race.other.events.read(id_, after=before)
    assert [e.sequence for e in events] == [before + 6, before + 7]
