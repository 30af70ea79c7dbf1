import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.ports import free_port
from search_service.storage.base import Storage
from tests.support.waiting import PATIENCE_SECONDS

KEY = {"Idempotency-Key": "first"}

every_store = pytest.mark.parametrize("storage", ["memory", "sqlite"], indirect=True)


@every_store
def test_the_same_request_again_gets_the_first_answer(
    client: httpx.Client, body: dict[str, Any], storage: Storage
) -> None:
    first = client.post("/v1/jobs", json=body, headers=KEY)
    again = client.post("/v1/jobs", json=body, headers=KEY)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert len(storage.jobs.page(size=10).items) == 1


@every_store
def test_another_body_under_the_same_key_is_refused(
    client: httpx.Client, body: dict[str, Any], storage: Storage
) -> None:
    client.post("/v1/jobs", json=body, headers=KEY)
    response = client.post("/v1/jobs", json={**body, "priority": 1}, headers=KEY)
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/Idempotency-Key"
    assert len(storage.jobs.page(size=10).items) == 1


@every_store
def test_without_a_key_each_request_is_a_job(
    client: httpx.Client, body: dict[str, Any], storage: Storage
) -> None:
    for _ in range(2):
        client.post("/v1/jobs", json=body)
    assert len(storage.jobs.page(size=10).items) == 2


@every_store
def test_a_refusal_is_not_kept(client: httpx.Client, body: dict[str, Any]) -> None:
    wrong = {**body, "spec": {**body["spec"], "supernet": "none"}}
    assert client.post("/v1/jobs", json=wrong, headers=KEY).status_code == 422
    assert client.post("/v1/jobs", json=body, headers=KEY).status_code == 201


@every_store
def test_many_at_once_make_one_job(
    client: httpx.Client, body: dict[str, Any], storage: Storage
) -> None:
    def post(_: int) -> httpx.Response:
        return client.post("/v1/jobs", json=body, headers=KEY)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(post, range(12)))
    assert {a.status_code for a in answers} == {201}
    assert len({a.content for a in answers}) == 1
    assert len(storage.jobs.page(size=20).items) == 1


@contextmanager
def api_process(database_url: str, data_dir: Path) -> Iterator[str]:
    """A server of its own process on that database; its URL."""
    port = free_port()
    environment = {**os.environ, "GANSEARCH_DATABASE_URL": database_url}
    environment["GANSEARCH_DATA_DIR"] = str(data_dir)
    command = [sys.executable, "-m", "api", "--port", str(port)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"{url} did not start")


@pytest.mark.parametrize("storage", ["sqlite"], indirect=True)
def test_many_at_once_through_two_processes_make_one_job(
    storage: Storage, body: dict[str, Any], tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'gansearch.db'}"
    with api_process(url, tmp_path) as one, api_process(url, tmp_path) as two:
        wait_until_ready(one)
        wait_until_ready(two)
        rounds = 5
        for key in range(rounds):
            start = threading.Barrier(8)

            def post(
                server: str, key: str = str(key), start: threading.Barrier = start
            ) -> httpx.Response:
                headers = {"Idempotency-Key": key}
                with httpx.Client(base_url=server, timeout=30) as client:
                    start.wait()
                    return client.post("/v1/jobs", json=body, headers=headers)

            with ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(post, [one, two] * 4))
            assert {a.status_code for a in answers} == {201}
            assert len({a.content for a in answers}) == 1
            assert ["idempotent-replayed" in a.headers for a in answers].count(False) == 1
    assert len(storage.jobs.page(size=100).items) == rounds
