"""What one replica has made another gives, through a real Redis, and only while it is true."""

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import pytest
import redis
from sqlalchemy import event

from api import shared
from api.reading import JobAnswers
from api.routes.jobs import front_answers, front_tables, job_answers
from search_service import telemetry
from search_service.domain.job import Job, JobChange
from search_service.queue import Cache, cache, link, open_cache
from search_service.storage import open_storage
from search_service.storage.base import Storage
from tests.support.waiting import PATIENCE_SECONDS

Server = Callable[[], Callable[[], None]]
Submit = Callable[..., Job]
SQLITE = pytest.mark.parametrize("storage", ["sqlite"], indirect=True)
KINDS = pytest.mark.parametrize("answers_of", [job_answers, front_answers, front_tables])


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine must not look like a slow Redis."""
    monkeypatch.setattr(cache, "ANSWER_SECONDS", 20.0)
    monkeypatch.setattr(shared, "WAIT_SECONDS", 20.0)
    monkeypatch.setattr(link, "PAUSE_SECONDS", 0.0)


@pytest.fixture
def connect(port: int) -> Callable[[], Cache]:
    """A connection of another process's own."""

    def do() -> Cache:
        opened = open_cache(f"redis://127.0.0.1:{port}/0")
        assert opened is not None
        return opened

    return do


@contextmanager
def another(storage: Storage) -> Iterator[tuple[Storage, list[str]]]:
    """A store of its own over the same file, and the statements that it has executed."""
    database = storage.jobs._database  # type: ignore[attr-defined]  # of the SQL store
    with closing(open_storage(f"sqlite:///{database.sqlite_file}")) as opened:
        statements: list[str] = []

        def executed(*arguments: Any) -> None:
            if arguments[2].startswith("SELECT"):
                statements.append(arguments[2])

        event.listen(opened.jobs._database.engine, "before_cursor_execute", executed)  # type: ignore[attr-defined]
        yield opened, statements


def written(port: int, wanted: int) -> Callable[[], Awaitable[None]]:
    """Wait until so many answers are in Redis."""
    client = redis.Redis(port=port)

    async def wait() -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(client.keys("gansearch:cache:*")) < wanted:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)

    return wait


@SQLITE
@KINDS
def test_a_second_replica_asks_the_store_for_nothing_but_the_last_event(
    storage: Storage,
    ended: Job,
    answers_of: Callable[..., JobAnswers],
    port: int,
    start_redis: Server,
    connect: Callable[[], Cache],
) -> None:
    start_redis()

    async def scenario() -> None:
        first = await answers_of(storage, connect()).of(ended.id)
        await written(port, 1)()
        with another(storage) as (store, statements):
            second = answers_of(store, connect())
            assert await second.of(ended.id) == first
            assert len(statements) == 1
            assert "last_event" in statements[0]
            assert await second.of(ended.id) == first  # kept there by now
            assert len(statements) == 2
        with another(storage) as (store, statements):
            alone = await answers_of(store).of(ended.id)
            assert (alone, alone.etag) == (first, first.etag)
            assert len(statements) > 2

    asyncio.run(scenario())


@SQLITE
@KINDS
def test_two_replicas_that_share_answer_as_one_that_does_not(
    storage: Storage,
    submit: Submit,
    run: Any,
    answers_of: Callable[..., JobAnswers],
    port: int,
    start_redis: Server,
    connect: Callable[[], Cache],
) -> None:
    """Whatever happens in between, and while Redis is killed and comes again."""
    kills = [start_redis()]
    search = run(submit())
    job = search.claim.job.id

    async def scenario(others: Storage) -> None:
        replicas = [answers_of(storage, connect()), answers_of(others, connect())]
        for turn in range(24):
            if turn % 8 == 4:
                kills.pop()()
            if turn % 8 == 6:
                kills.append(start_redis())
            if turn % 3:
                search.advance()
            else:
                storage.events.log(search.claim, "nothing new")
            for n in (turn, turn + 1, turn):
                answer = await replicas[n % 2].of(job)
                alone = await answers_of(storage).of(job)
                assert (answer, answer.etag) == (alone, alone.etag)

    with another(storage) as (store, _):
        asyncio.run(scenario(store))


@SQLITE
def test_a_front_that_another_replica_made_is_given_until_it_changes(
    storage: Storage,
    submit: Submit,
    run: Any,
    port: int,
    start_redis: Server,
    connect: Callable[[], Cache],
) -> None:
    start_redis()
    search = run(submit())
    search.advance(3)
    job = search.claim.job.id
    made: list[str] = []

    def render(job: Job) -> bytes:
        made.append(job.id)
        return b"front"

    def replica(store: Storage) -> JobAnswers:
        return JobAnswers(store, render, shape="front", of_front=True, cache=connect())

    async def scenario(others: Storage) -> None:
        await replica(storage).of(job)
        await written(port, 1)()
        storage.events.log(search.claim, "nothing new")
        second = await replica(others).of(job)
        assert second.version is not None
        assert second.version[0] == storage.jobs.last_events([job])[job][0]
        assert len(made) == 1
        search.finish()
        await replica(others).of(job)
        assert len(made) == 2

    with another(storage) as (store, _):
        asyncio.run(scenario(store))


@SQLITE
def test_what_is_of_another_past_of_the_database_is_not_given(
    storage: Storage,
    submit: Submit,
    run: Any,
    port: int,
    start_redis: Server,
    connect: Callable[[], Cache],
) -> None:
    """A database that went back and on again has other events under the same numbers."""
    start_redis()
    search = run(submit())
    search.advance(4)
    job = search.claim.job.id

    async def scenario() -> None:
        before = {
            kind: await kind(storage, connect()).of(job) for kind in (job_answers, front_answers)
        }
        await written(port, 2)()
        database = storage.jobs._database  # type: ignore[attr-defined]  # of the SQL store
        with database.writing() as connection:
            connection.exec_driver_sql("UPDATE events SET at = '2031-01-01 00:00:00.000000'")
            connection.exec_driver_sql("UPDATE jobs SET priority = 9, front_size = 0")
            connection.exec_driver_sql("UPDATE evaluations SET on_front = 0")
        for kind, old in before.items():
            new = await kind(storage, connect()).of(job)
            assert new.version is not None
            assert old.version is not None
            assert new.version[0] == old.version[0]
            assert new.body != old.body
            assert new.etag != old.etag

    asyncio.run(scenario())


@SQLITE
def test_another_builds_answers_are_not_given(
    storage: Storage,
    ended: Job,
    port: int,
    start_redis: Server,
    connect: Callable[[], Cache],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start_redis()
    monkeypatch.setattr(shared, "fingerprint", lambda: "another")

    async def scenario() -> None:
        other = JobAnswers(storage, lambda job: b"as it was then", shape="job", cache=connect())
        await other.of(ended.id)
        await written(port, 1)()
        monkeypatch.undo()
        assert (await job_answers(storage, connect()).of(ended.id)).body.startswith(b"{")

    asyncio.run(scenario())


def test_a_redis_that_dribbles_delays_one_answer_a_little_and_no_other(
    storage: Storage, ended: Job, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte comes in time, and the answer never."""
    monkeypatch.setattr(link, "PAUSE_SECONDS", 60.0)
    monkeypatch.setattr(shared, "WAIT_SECONDS", 0.2)
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", port)) as server:

        def dribble() -> None:
            server.settimeout(0.1)
            connections = []
            while not stop.wait(0.02):
                with suppress(TimeoutError):
                    connections.append(server.accept()[0])
                for connection in connections:
                    connection.send(b"+")
            for connection in connections:
                connection.close()

        thread = threading.Thread(target=dribble)
        thread.start()
        slow = cache.RedisCache(link.Link(f"redis://127.0.0.1:{port}/0", timeout_seconds=20))
        answers = front_answers(storage, slow)

        async def scenario() -> float:
            began = time.monotonic()
            await answers.of(ended.id)
            storage.jobs.change(ended.id, JobChange(labels={"a": "b"}))
            await answers.of(ended.id)
            took = time.monotonic() - began
            stop.set()  # or the thread that asks would hold the loop open
            return took

        try:
            assert asyncio.run(scenario()) < 15
        finally:
            stop.set()
            thread.join()


def test_it_is_counted_where_answers_came_from(
    storage: Storage, ended: Job, port: int, start_redis: Server, connect: Callable[[], Cache]
) -> None:
    start_redis()

    def counts() -> list[float]:
        return [
            telemetry.metrics.REGISTRY.get_sample_value(
                "gansearch_job_answers_total", {"shape": "front", "source": source}
            )
            or 0.0
            for source in ("made", "shared", "kept")
        ]

    async def scenario() -> None:
        await front_answers(storage, connect()).of(ended.id)
        await written(port, 1)()
        second = front_answers(storage, connect())
        for _ in range(4):
            await second.of(ended.id)

    before = counts()
    asyncio.run(scenario())
    assert [after - was for after, was in zip(counts(), before, strict=True)] == [1, 1, 3]
