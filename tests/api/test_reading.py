"""Answers that are kept are never older than the store."""

import asyncio
import threading
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.reading import JobAnswers
from api.routes.jobs import front_answers, front_tables, job_answers
from search_service.domain.job import Job, JobChange, JobState, JobStep
from search_service.errors import NotFound
from search_service.storage.base import Storage

Submit = Callable[..., Job]
BOTH = pytest.mark.parametrize("storage", ["memory", "sqlite"], indirect=True)


def ask(answers: JobAnswers, *ids: str) -> list[Any]:
    """At once; an error is an answer."""

    async def all_at_once() -> list[Any]:
        return await asyncio.gather(*map(answers.of, ids), return_exceptions=True)

    return asyncio.run(all_at_once())


class Counted:
    """A way of making answers, and how often it was asked."""

    def __init__(self) -> None:
        self.rendered: list[str] = []

    def __call__(self, job: Job) -> bytes:
        self.rendered.append(job.id)
        return f"{job.id} {job.state} {job.priority}".encode()


@BOTH
def test_every_change_is_seen_by_the_next_question(storage: Storage, submit: Submit) -> None:
    job = submit()
    answers = JobAnswers(storage, Counted(), shape="job")
    changes: list[tuple[Callable[[], object], str]] = [
        (lambda: None, "queued 0"),
        (lambda: storage.jobs.change(job.id, JobChange(priority=4)), "queued 4"),
        (lambda: storage.jobs.claim(worker="w", lease_seconds=9), "running 4"),
        (lambda: storage.jobs.step(job.id, JobStep.PAUSE), "paused 4"),
        (lambda: storage.jobs.step(job.id, JobStep.RESUME), "running 4"),
        (lambda: storage.jobs.step(job.id, JobStep.CANCEL), "cancelled 4"),
        (lambda: storage.jobs.step(job.id, JobStep.RETRY), "queued 4"),
    ]
    for change, expected in changes:
        change()
        (answer,) = ask(answers, job.id)
        assert answer.body.decode() == f"{job.id} {expected}"


@BOTH
def test_what_a_worker_records_is_in_job_front_and_table_at_once(
    storage: Storage, submit: Submit, run: Any
) -> None:
    job = submit()
    search = run(job)
    kinds = [job_answers(storage), front_answers(storage), front_tables(storage)]
    seen = []
    for _ in range(6):
        search.advance()
        seen.append(tuple(ask(kind, job.id)[0].body for kind in kinds))
        assert seen[-1] == tuple(ask(kind, job.id)[0].body for kind in kinds)
        fresh = (job_answers(storage), front_answers(storage), front_tables(storage))
        assert seen[-1] == tuple(ask(kind, job.id)[0].body for kind in fresh)
    search.finish()
    assert b"succeeded" in ask(kinds[0], job.id)[0].body
    assert len({bodies[0] for bodies in seen}) == 6


def test_an_unchanged_job_is_rendered_once(storage: Storage, submit: Submit) -> None:
    jobs = [submit().id for _ in range(3)]
    counted = Counted()
    answers = JobAnswers(storage, counted, shape="job")
    for _ in range(4):
        ask(answers, *jobs, *jobs)
    assert sorted(counted.rendered) == sorted(jobs)


@BOTH
def test_a_front_is_made_again_when_it_has_changed_and_not_before(
    storage: Storage, submit: Submit, run: Any
) -> None:
    search = run(submit())
    job = search.claim.job.id
    made: list[bytes] = []

    def present() -> bytes:
        front = storage.evaluations.front_of(job)
        return str(sorted((e.id, str(e.best_values)) for e in front)).encode()

    def render(job: Job) -> bytes:
        made.append(present())
        return made[-1]

    answers = JobAnswers(storage, render, shape="front", of_front=True)
    for number in range(30):
        search.advance()
        fresh = present()
        assert ask(answers, job)[0].body == fresh
        before = len(made)
        for _ in range(number % 3):
            storage.events.log(search.claim, "nothing new")
            assert ask(answers, job)[0].body == fresh
        assert len(made) == before
    search.finish()  # by values of its own, and as large as before
    assert ask(answers, job)[0].body == present() != fresh


def test_those_who_wait_together_share_one_query(storage: Storage, submit: Submit) -> None:
    """The first question is looked up alone, all that come meanwhile at once after it: what is
    told to a question was read after it was asked."""
    jobs = [submit().id for _ in range(4)]
    began, go_on = threading.Event(), threading.Event()
    looks: list[set[str]] = []
    inner = storage.jobs.last_events

    def last_events(job_ids: Collection[str]) -> Mapping[str, tuple[int, datetime]]:
        looks.append(set(job_ids))
        if len(looks) == 1:
            began.set()
            go_on.wait(10)
        return inner(job_ids)

    storage.jobs.last_events = last_events  # type: ignore[method-assign]  # to see it called
    answers = JobAnswers(storage, Counted(), shape="job")

    async def in_two_waves() -> list[Any]:
        first = asyncio.create_task(answers.of(jobs[0]))
        await asyncio.to_thread(began.wait, 10)
        later = [asyncio.create_task(answers.of(id_)) for id_ in [*jobs, *jobs]]
        await asyncio.sleep(0)
        storage.jobs.step(jobs[0], JobStep.CANCEL)
        go_on.set()
        return [await task for task in (first, *later)]

    found = asyncio.run(in_two_waves())
    assert looks == [{jobs[0]}, {jobs[0]}, set(jobs), set(jobs[1:])]  # each and once it is made
    assert b"cancelled" in found[1].body


def test_what_is_wrong_with_one_is_told_to_those_who_asked_for_it(
    storage: Storage, submit: Submit
) -> None:
    good, bad = submit().id, submit().id

    def render(job: Job) -> bytes:
        if job.id == bad:
            raise ZeroDivisionError
        return b"good"

    found = ask(JobAnswers(storage, render, shape="job"), good, bad, "job_none", good)
    assert [type(f).__name__ for f in found] == [
        "Prepared",
        "ZeroDivisionError",
        "NotFound",
        "Prepared",
    ]
    assert isinstance(found[2], NotFound)


def test_a_store_that_does_not_answer_fails_those_who_ask_now_and_nobody_later(
    tmp_path: Any, submit: Submit
) -> None:
    class Away:
        away = True

        def last_events(self, job_ids: Collection[str]) -> Mapping[str, tuple[int, datetime]]:
            if self.away:
                raise NotFound("away")
            return dict.fromkeys(job_ids, (1, datetime(2030, 1, 1, tzinfo=UTC)))

        def get(self, job_id: str) -> str:
            return job_id

    class Store:
        jobs = Away()

    answers = JobAnswers(Store(), lambda job: b"here", shape="job")  # type: ignore[arg-type]  # of it, two calls
    assert all(isinstance(f, NotFound) for f in ask(answers, "a", "b"))
    Store.jobs.away = False
    assert [f.body for f in ask(answers, "a", "b")] == [b"here", b"here"]


@BOTH
def test_a_job_that_changes_while_its_answer_is_made_is_answered_as_it_is_then(
    storage: Storage, submit: Submit
) -> None:
    """Made again, so that what is tagged with an event's number is of that event; where it changes
    each time, untagged, and nothing of it is kept."""
    job, changes, made = submit().id, [1], Counted()

    def render(read: Job) -> bytes:
        body = made(read)
        if changes:
            storage.jobs.change(job, JobChange(priority=changes.pop()))
        return body

    answers = JobAnswers(storage, render, shape="job")
    (answer,) = ask(answers, job)
    assert answer.body.decode() == f"{job} queued 1"
    assert answer.version[0] == 2
    assert len(made.rendered) == 2
    changes += [4, 3, 2]
    storage.jobs.change(job, JobChange(labels={"a": "b"}))
    (answer,) = ask(answers, job)
    assert answer.body.decode() == f"{job} queued 2"
    assert answer.version is answer.etag is None
    changes.clear()
    (answer,) = ask(answers, job)
    assert answer.body.decode() == f"{job} queued 3"
    assert answer.etag is not None
    assert len(made.rendered) == 5


def test_no_more_is_kept_than_there_is_room_for(storage: Storage, submit: Submit) -> None:
    jobs = [submit().id for _ in range(5)]
    counted = Counted()
    size = len(f"{jobs[0]} queued 0")
    answers = JobAnswers(storage, counted, shape="job", kept_bytes=2 * size)
    for id_ in jobs:
        ask(answers, id_)
    ask(answers, jobs[3], jobs[4])
    assert counted.rendered == jobs
    ask(answers, jobs[0])
    assert counted.rendered == [*jobs, jobs[0]]


@pytest.mark.parametrize("storage", ["sqlite"], indirect=True)
def test_what_one_replica_did_another_shows_at_once(
    client: httpx.Client, app: FastAPI, tmp_path: Any, body: dict[str, Any], serve: Any
) -> None:
    with serve() as other:
        where = client.post("/v1/jobs", json=body).headers["location"]
        assert other.get(where).json()["state"] == "queued"
        for priority in range(1, 5):
            client.patch(where, json={"priority": priority})
            assert other.get(where).json()["priority"] == priority
            other.patch(where, json={"labels": {"seen": str(priority)}})
            assert client.get(where).json()["labels"] == {"seen": str(priority)}
        client.post(f"{where}/cancel")
        assert other.get(where).json()["state"] == JobState.CANCELLED


def test_a_client_that_has_the_present_answer_is_told_so(
    client: httpx.Client, ended: Job, storage: Storage
) -> None:
    for path in ("", "/front", "/front?format=csv"):
        first = client.get(f"/v1/jobs/{ended.id}{path}")
        etag = first.headers["etag"]
        assert first.headers["cache-control"] == "no-cache"
        for had in (etag, f'"x", W/{etag}'):
            again = client.get(f"/v1/jobs/{ended.id}{path}", headers={"If-None-Match": had})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == etag
        other = client.get(f"/v1/jobs/{ended.id}{path}", headers={"If-None-Match": '"x"'})
        assert (other.status_code, other.content) == (200, first.content)
    storage.jobs.change(ended.id, JobChange(labels={"a": "b"}))
    changed = client.get(f"/v1/jobs/{ended.id}", headers={"If-None-Match": etag})
    assert changed.status_code == 200
