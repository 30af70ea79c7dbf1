import inspect
import re
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.errors import STATUSES, status_of
from api.schemas.requests import PATTERNS
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


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"kind": "search", "spec": []}, "/spec: Input should be a JSON object"),
        (
            {"kind": "search", "spec": {}, "webhook": "x"},
            "/webhook: there is no such field; /docs lists those there are",
        ),
        (
            {"kind": "search", "spec": {"supernet": "tiny", "objectives": []}},
            "/spec/objectives: List should have at least 1 item, not 0",
        ),
    ],
)
def test_what_is_wrong_with_a_body_is_said_of_json(
    client: httpx.Client, body: dict[str, Any], words: str
) -> None:
    told = problem(client.post("/v1/jobs", json=body), 422)
    assert words in [f"{error['pointer']}: {error['detail']}" for error in told["errors"]]


def test_a_body_that_is_no_json_says_what_was_wanted(client: httpx.Client) -> None:
    headers = {"content-type": "application/json"}
    told = problem(client.post("/v1/jobs", content=b"{bad", headers=headers), 400)
    assert told["detail"].startswith("the body is not JSON: Expecting property name")
    assert [error["pointer"] for error in told["errors"]] == [""]


def test_a_method_that_is_not_for_a_path_says_which_are(client: httpx.Client) -> None:
    told = problem(client.delete("/v1/jobs"), 405)
    assert told["detail"] == "DELETE is not for /v1/jobs; allowed: GET, POST"


def test_a_name_of_the_wrong_form_is_told_in_words(client: httpx.Client) -> None:
    told = problem(client.post("/v1/supernets", json={"name": "bad name!"}), 422)
    assert told["errors"][0]["pointer"] == "/name"
    assert told["errors"][0]["detail"].startswith("a name is up to 100 letters")


def test_every_pattern_that_a_body_must_match_is_told_in_words(client: httpx.Client) -> None:
    patterns = set(re.findall(r'"pattern":"([^"]+)"', client.get("/openapi.json").text))
    assert patterns
    assert patterns <= set(PATTERNS)
