from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from search_service.storage.base import Storage

KEY = {"Idempotency-Key": "first"}

pytestmark = pytest.mark.parametrize("storage", ["memory", "sqlite"], indirect=True)


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


def test_another_body_under_the_same_key_is_refused(
    client: httpx.Client, body: dict[str, Any], storage: Storage
) -> None:
    client.post("/v1/jobs", json=body, headers=KEY)
    response = client.post("/v1/jobs", json={**body, "priority": 1}, headers=KEY)
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/Idempotency-Key"
    assert len(storage.jobs.page(size=10).items) == 1


def test_without_a_key_each_request_is_a_job(
    client: httpx.Client, body: dict[str, Any], storage: Storage
) -> None:
    for _ in range(2):
        client.post("/v1/jobs", json=body)
    assert len(storage.jobs.page(size=10).items) == 2


def test_a_refusal_is_not_kept(client: httpx.Client, body: dict[str, Any]) -> None:
    wrong = {**body, "spec": {**body["spec"], "supernet": "none"}}
    assert client.post("/v1/jobs", json=wrong, headers=KEY).status_code == 422
    assert client.post("/v1/jobs", json=body, headers=KEY).status_code == 201


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
