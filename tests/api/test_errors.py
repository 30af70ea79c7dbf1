import inspect
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.errors import STATUSES, status_of
from search_service import errors

FIELDS = {"type", "title", "status", "detail", "instance", "request_id"}
CLASSES = [
    cls
    for _, cls in inspect.getmembers(errors, inspect.isclass)
    if issubclass(cls, errors.GansearchError) and cls is not errors.GansearchError
]


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body.keys() - {"errors"} == FIELDS
    assert body["status"] == status
    assert body["request_id"] == response.headers["x-request-id"]
    assert body["instance"] == response.request.url.path
    assert "\n" not in body["detail"]
    return body


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_of_ours_has_a_status(kind: type[errors.GansearchError]) -> None:
    assert any(ancestor in STATUSES for ancestor in kind.__mro__)


def test_a_subclass_has_the_status_of_its_nearest_ancestor() -> None:
    assert status_of(errors.InfeasibleConstraint("no")) == 422
    assert status_of(errors.NameTaken("no")) == 409
    assert status_of(errors.NotFound("no")) == 404


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/v1/jobs/job_x",
        "/v1/jobs/job_x/events",
        "/v1/jobs/job_x/front",
        "/v1/jobs/job_x/history",
        "/v1/jobs/job_x/evaluations",
        "/v1/supernets/none",
        "/v1/supernets/none/space",
        "/v1/evaluations/evl_x",
        "/v1/evaluations/evl_x/samples.png",
        "/v1/devices/none",
        "/static/none.js",
    ],
)
def test_what_does_not_exist_is_a_problem(client: httpx.Client, path: str) -> None:
    problem(client.get(path), 404)


def test_a_wrong_method_names_the_right_ones(client: httpx.Client) -> None:
    response = client.delete("/v1/jobs")
    problem(response, 405)
    assert response.headers["allow"] == "GET, POST"


def test_a_body_that_is_not_json_is_a_problem(client: httpx.Client) -> None:
    headers = {"content-type": "application/json"}
    problem(client.post("/v1/jobs", content=b'{"kind": ', headers=headers), 400)


def test_a_failure_of_the_server_tells_no_traceback(app: FastAPI, client: httpx.Client) -> None:
    app.state.storage = None  # as broken as it gets
    response = client.get("/v1/jobs")
    problem(response, 500)
    assert "Traceback" not in response.text
    assert "NoneType" not in response.text
