from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from search_service.domain.job import Job
from search_service.storage.base import Storage


def test_a_server_is_alive_and_ready(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}


def test_metrics_count_the_queue(client: httpx.Client, submit: Callable[..., Job]) -> None:
    submit()
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    assert 'gansearch_jobs{kind="search",state="queued"} 1.0' in response.text
    assert "gansearch_queue_depth 1.0" in response.text


@pytest.mark.parametrize("storage", ["sqlite"], indirect=True)
def test_a_store_that_broke_is_not_ready_until_it_is_whole_again(
    client: httpx.Client, storage: Storage, tmp_path: Path
) -> None:
    file = tmp_path / "gansearch.db"
    storage.close()  # idle connections would go on with the file that they opened
    whole = file.read_bytes()
    file.write_bytes(b"no database" * 1000)
    for path in ("/readyz", "/metrics", "/v1/jobs", "/v1/supernets/tiny"):
        response = client.get(path)
        assert response.status_code == 503, path
        assert response.headers["content-type"] == "application/problem+json"
        assert response.headers["retry-after"] == "5"
        assert str(tmp_path) not in response.text
    assert client.get("/healthz").status_code == 200
    file.write_bytes(whole)
    assert client.get("/readyz").status_code == 200
