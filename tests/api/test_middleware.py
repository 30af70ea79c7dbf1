from collections.abc import Iterator

import httpx

from api.middleware import MAX_BODY
from search_service.storage.base import Storage


def test_a_body_beyond_the_limit_is_refused_by_its_length(client: httpx.Client) -> None:
    response = client.post("/v1/jobs", content=b" " * (MAX_BODY + 1))
    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["request_id"] == response.headers["x-request-id"]


def test_a_body_in_chunks_is_refused_while_it_comes(client: httpx.Client, storage: Storage) -> None:
    sent = 0

    def chunks() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(160):
            sent += 1
            yield b" " * 65536

    try:
        response = client.post("/v1/jobs", content=chunks())
    except (httpx.WriteError, httpx.ReadError):
        pass  # the server may hang up before everything is sent
    else:
        assert response.status_code == 413
    assert not storage.jobs.page(size=1).items


def test_a_body_at_the_limit_is_read(client: httpx.Client) -> None:
    response = client.post(
        "/v1/jobs",
        content=b"{}".ljust(MAX_BODY),
        headers={"content-type": "application/json"},
    )
    assert response.status_code == 422


def test_requests_are_timed_by_the_template_of_their_route(client: httpx.Client) -> None:
    for name in ("one", "two"):
        client.get(f"/v1/devices/{name}")
    text = client.get("/metrics").text
    wanted = (
        "gansearch_http_request_duration_seconds_count"
        '{method="GET",route="/v1/devices/{device_id}",status="404"}'
    )
    assert wanted in text
    assert "/v1/devices/one" not in text


def test_every_answer_has_an_id_of_its_own(client: httpx.Client) -> None:
    ids = {client.get("/healthz").headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3
