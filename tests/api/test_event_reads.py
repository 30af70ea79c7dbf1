"""Streams whose PostgreSQL goes away in their middle, and who else is held up by that."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import takewhile

import httpx
import pytest

from api import events
from api.app import THREADS
from search_service.domain.job import Job, JobStep
from search_service.storage import open_storage
from search_service.storage.base import Storage
from tests.support.proxy import Proxy


@pytest.fixture
def storage(way: tuple[Proxy, str], add_tiny: Callable[[Storage], None]) -> Iterator[Storage]:
    with closing(open_storage(way[1])) as opened:
        add_tiny(opened)
        yield opened


def test_it_goes_on_without_a_gap_or_a_repeat_whenever_the_store_is_back(
    client: httpx.Client,
    storage: Storage,
    way: tuple[Proxy, str],
    submit: Callable[..., Job],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(events, "AWAY_SECONDS", 0.1)
    monkeypatch.setattr(events, "COMMENT_SECONDS", 0.3)
    proxy, _ = way
    job = submit()
    told: list[str] = []
    with client.stream("GET", f"/v1/jobs/{job.id}/events") as response:
        lines = response.iter_lines()
        for change in (
            lambda: storage.jobs.claim(worker="test", lease_seconds=600),
            lambda: storage.jobs.step(job.id, JobStep.CANCEL),
        ):
            proxy.cuts = lambda piece: Proxy.EARLY
            for _ in range(2):  # at once, and when it has been silent for long
                told += takewhile(lambda line: line != ": the database does not answer", lines)
            proxy.cuts = lambda piece: None
            change()
            told += takewhile(lambda line: not line.startswith("event: "), lines)
        told += lines
    numbers = [int(line[4:]) for line in told if line.startswith("id: ")]
    assert numbers == list(range(1, len(numbers) + 1))
    assert numbers[-1] == len(storage.events.read(job.id))
    said = [r.message for r in caplog.records if r.name == "api.event_reads"]
    assert said == ["streams wait for the store", "streams go on"] * 2


def test_streams_that_wait_for_an_answer_hold_up_nobody_else(
    client: httpx.Client, way: tuple[Proxy, str], submit: Callable[..., Job]
) -> None:
    proxy, _ = way
    job = submit()
    with ExitStack() as opened:
        streams = [
            opened.enter_context(client.stream("GET", f"/v1/jobs/{job.id}/events")).iter_lines()
            for _ in range(2 * THREADS)
        ]
        for lines in streams:
            assert next(lines) == "id: 1"
        proxy.stalled = True
        time.sleep(1.0)  # in which all look for news
        assert client.get("/healthz", timeout=5).status_code == 200
        assert client.get("/v1/objectives", timeout=5).status_code == 200
        proxy.stalled = False
