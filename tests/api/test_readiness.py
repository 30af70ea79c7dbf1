"""Those who watch a server whose PostgreSQL stands still, its connections open, hear it in time."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx
import pytest

from api import readiness
from api.app import THREADS
from search_service.storage import open_storage
from search_service.storage.base import Storage
from tests.support.proxy import Proxy


@pytest.fixture
def storage(way: tuple[Proxy, str], add_tiny: Callable[[Storage], None]) -> Iterator[Storage]:
    with closing(open_storage(way[1])) as opened:
        add_tiny(opened)
        yield opened


def test_it_is_alive_and_not_ready_while_every_thread_waits(
    client: httpx.Client, way: tuple[Proxy, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "WAIT_SECONDS", 0.2)
    proxy, _ = way
    proxy.stalled = True
    with ThreadPoolExecutor(4 * THREADS) as askers:
        asked = [askers.submit(client.get, "/v1/jobs") for _ in range(2 * THREADS)]
        time.sleep(1.0)  # in which all threads of the server come to wait
        try:  # sooner than those find that they cannot connect, after ten seconds
            watched = [askers.submit(client.get, "/readyz", timeout=9) for _ in range(8)]
            refused = [each.result() for each in watched] + [client.get("/readyz", timeout=9)]
            assert client.get("/healthz", timeout=20).status_code == 200
        finally:
            proxy.stalled = False
        assert {each.result().status_code for each in asked} <= {200, 503}
    assert [answer.status_code for answer in refused] == [503] * 9
    assert {answer.headers["retry-after"] for answer in refused} == {"5"}
    monkeypatch.undo()
    assert client.get("/readyz").json() == {"status": "ready"}


def test_however_often_it_is_asked_the_store_is_asked_once_at_a_time(
    client: httpx.Client,
    storage: Storage,
    way: tuple[Proxy, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(readiness, "WAIT_SECONDS", 0.01)
    proxy, _ = way
    proxy.stalled = True
    try:
        for _ in range(20):
            assert client.get("/readyz").status_code == 503
        engine = storage._database.engine  # type: ignore[attr-defined]  # to count what is open
        assert engine.pool.checkedout() <= 1
    finally:
        proxy.stalled = False
