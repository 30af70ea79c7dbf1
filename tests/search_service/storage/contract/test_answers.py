"""The contract of answers: the first to a key, for a day, together with what it created."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from search_service.domain.job import Job
from search_service.errors import NameTaken, NotFound
from search_service.storage.base import Answer, Storage

FIRST = Answer(fingerprint="f", status=201, headers={"location": "/v1/jobs/x"}, body=b"\x00\xff")
SECOND = Answer(fingerprint="g", status=422, headers={}, body=b"")


def test_the_first_answer_to_a_key_is_given_again(storage: Storage) -> None:
    assert storage.answers.once("k", lambda: FIRST) == (FIRST, True)
    assert storage.answers.once("k", lambda: SECOND) == (FIRST, False)
    assert storage.answers.once("other", lambda: SECOND) == (SECOND, True)


def test_an_answer_is_forgotten_after_a_day(
    storage: Storage, advance: Callable[[float], None]
) -> None:
    storage.answers.once("k", lambda: FIRST)
    advance(24 * 3600)
    assert storage.answers.once("k", lambda: SECOND) == (FIRST, False)
    advance(1)
    assert storage.answers.once("k", lambda: SECOND) == (SECOND, True)


def test_what_was_created_stays_with_its_answer(
    storage: Storage, new_job: Callable[..., Job]
) -> None:
    job = new_job()

    def create() -> Answer:
        storage.jobs.add(job)
        assert storage.jobs.get(job.id) == job  # it sees its own writing
        return FIRST

    storage.answers.once("k", create)
    assert storage.jobs.get(job.id) == job
    assert [event.sequence for event in storage.events.read(job.id)] == [1]


def test_an_exception_undoes_all_and_frees_the_key(
    storage: Storage, new_job: Callable[..., Job]
) -> None:
    job = new_job()

    def fail() -> Answer:
        storage.jobs.add(job)
        raise NameTaken("late")

    with pytest.raises(NameTaken, match="late"):
        storage.answers.once("k", fail)
    with pytest.raises(NotFound):
        storage.jobs.get(job.id)
    assert storage.answers.once("k", lambda: SECOND) == (SECOND, True)
    storage.jobs.add(job)  # the store goes on as before


def test_of_many_at_once_one_creates_and_the_others_wait_for_it(
    storage: Storage, new_job: Callable[..., Job]
) -> None:
    start, jobs = threading.Barrier(6), [new_job() for _ in range(6)]

    def ask(job: Job) -> tuple[Answer, bool]:
        def create() -> Answer:
            storage.jobs.add(job)
            time.sleep(0.1)
            return Answer(fingerprint="f", status=201, headers={}, body=job.id.encode())

        start.wait()
        return storage.answers.once("k", create)

    with ThreadPoolExecutor(6) as pool:
        given = list(pool.map(ask, jobs))
    assert [is_new for _, is_new in given].count(True) == 1
    stored = [job.id for job in storage.jobs.page(size=10).items]
    assert {answer.body.decode() for answer, _ in given} == set(stored)
    assert len(stored) == 1


def test_the_store_answers(storage: Storage) -> None:
    storage.ping()
