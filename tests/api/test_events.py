import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from api import events
from search_service import jobs
from search_service.client import Client
from search_service.domain.job import Job, JobStep
from search_service.queue import PollingWakeUps
from search_service.storage.base import Storage

Run = Callable[[Job], Any]

pytestmark = pytest.mark.parametrize("storage", ["memory", "sqlite"], indirect=True)


def read(client: httpx.Client, job: Job, **headers: str) -> list[tuple[int, str]]:
    """(id, event) of the whole stream, until the server closes it."""
    return list(follow(client, job, **headers))


def follow(client: httpx.Client, job: Job, **headers: str) -> Iterator[tuple[int, str]]:
    with client.stream("GET", f"/v1/jobs/{job.id}/events", headers=headers) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        number = 0
        for line in response.iter_lines():
            if line.startswith("id: "):
                number = int(line[4:])
            if line.startswith("event: "):
                yield number, line[7:]


def test_a_job_that_ended_is_told_whole_and_the_stream_closes(
    client: httpx.Client, ended: Job
) -> None:
    told = read(client, ended)
    assert [number for number, _ in told] == list(range(1, len(told) + 1))
    assert told[-1][1] == "end"
    assert [kind for _, kind in told].count("evaluation") == 40


@pytest.mark.parametrize("after", [1, 7, 30])
def test_last_event_id_goes_on_where_it_broke_off(
    client: httpx.Client, ended: Job, after: int
) -> None:
    whole = read(client, ended)
    assert read(client, ended, **{"Last-Event-ID": str(after)}) == whole[after:]


def test_a_stream_whose_last_batch_is_full_closes_too(
    client: httpx.Client, ended: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = read(client, ended)
    monkeypatch.setattr(events, "BATCH", len(whole))
    assert read(client, ended) == whole
    assert read(client, ended, **{"Last-Event-ID": "1"}) == whole[1:]


def test_going_on_after_the_end_closes_at_once_and_repeats_nothing(
    client: httpx.Client, ended: Job
) -> None:
    last, kind = read(client, ended)[-1]
    assert kind == "end"
    for after in (last, last + 1):
        assert read(client, ended, **{"Last-Event-ID": str(after)}) == []


@pytest.mark.timeout(60)
def test_our_own_client_goes_on_from_anywhere_and_ends(client: httpx.Client, ended: Job) -> None:
    count = len(read(client, ended))
    with Client(str(client.base_url)) as ours:
        for after in (0, count - 1, count, count + 1):
            told = [event.sequence for event in ours.events(ended.id, after=after)]
            assert told == list(range(after + 1, count + 1))


def test_going_on_after_the_end_of_an_earlier_attempt_follows_the_next(
    client: httpx.Client, storage: Storage, submit: Callable[..., Job], run: Run
) -> None:
    job = submit()
    jobs.step(job.id, JobStep.CANCEL, storage=storage, wake_ups=PollingWakeUps())
    ended = read(client, job)
    assert ended[-1][1] == "end"
    jobs.step(job.id, JobStep.RETRY, storage=storage, wake_ups=PollingWakeUps())
    stream = follow(client, job, **{"Last-Event-ID": str(len(ended))})
    assert next(stream) == (len(ended) + 1, "state")
    search = run(job)
    search.advance(1)
    search.finish()
    assert list(stream)[-1][1] == "end"


def test_a_running_job_is_followed_live(
    client: httpx.Client, submit: Callable[..., Job], run: Run
) -> None:
    job = submit()
    search = run(job)
    stream = follow(client, job)
    assert [next(stream)[1], next(stream)[1]] == ["state", "state"]
    worker = threading.Thread(target=lambda: (search.advance(3), search.finish()))
    worker.start()
    kinds = [kind for _, kind in stream]
    worker.join()
    assert kinds.count("evaluation") == 3
    assert kinds[-1] == "end"


def test_a_retried_job_goes_on_with_its_sequence(
    client: httpx.Client, storage: Storage, submit: Callable[..., Job], run: Run
) -> None:
    job = submit()
    for step in (JobStep.CANCEL, JobStep.RETRY):
        jobs.step(job.id, step, storage=storage, wake_ups=PollingWakeUps())
    search = run(job)
    search.advance(2)
    search.finish()
    told = read(client, job)
    assert [number for number, _ in told] == list(range(1, len(told) + 1))
    assert [kind for _, kind in told].count("end") == 2


def test_many_idle_streams_leave_the_server_free(
    client: httpx.Client, submit: Callable[..., Job]
) -> None:
    job = submit()
    streams = [follow(client, job) for _ in range(24)]  # three times the server's threads
    for stream in streams:
        assert next(stream) == (1, "state")
    assert client.get("/readyz").json() == {"status": "ready"}
    for stream in streams:
        stream.close()  # type: ignore[attr-defined]  # it is a generator
