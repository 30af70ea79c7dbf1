from collections.abc import Callable

import httpx

from search_service.domain.job import Job


def test_a_server_is_alive_and_ready(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}


def test_metrics_count_the_queue(client: httpx.Client, submit: Callable[..., Job]) -> None:
    submit()
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    assert 'gansearch_jobs{kind="search",state="queued"} 1.0' in response.text
    assert "gansearch_queue_depth 1.0" in response.text
