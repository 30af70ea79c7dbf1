import csv
import io
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from search_service.domain.job import Job
from search_service.errors import InvalidInput
from search_service.storage.base import Storage

Run = Callable[[Job], Any]


def refused(response: httpx.Response, pointer: str) -> str:
    assert response.status_code == 422
    body = response.json()
    assert [e["pointer"] for e in body["errors"]] == [pointer]
    detail: str = body["errors"][0]["detail"]
    return detail


def test_a_search_is_accepted_with_its_location(client: httpx.Client, body: dict[str, Any]) -> None:
    response = client.post("/v1/jobs", json={**body, "labels": {"team": "a"}, "priority": 3})
    job = response.json()
    assert response.status_code == 201
    assert response.headers["location"] == f"/v1/jobs/{job['id']}"
    assert job["state"] == "queued"
    assert (job["attempt"], job["evaluations"], job["front_size"]) == (1, 0, 0)
    assert (job["hypervolume"], job["reference_point"]) == (None, None)
    assert (job["labels"], job["team"], job["priority"]) == ({"team": "a"}, "a", 3)
    assert job["created_at"].endswith("Z")
    assert client.get(response.headers["location"]).json() == job


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"supernet": "none"}, "/spec/supernet"),
        ({"searcher": {"name": "magic"}}, "/spec/searcher/name"),
        ({"searcher": {"name": "random", "parameters": {"x": 1}}}, "/spec/searcher/parameters/x"),
        ({"objectives": [{"name": "beauty"}]}, "/spec/objectives/0/name"),
        ({"objectives": [{"name": "latency_ms", "device": "tv"}]}, "/spec/objectives/0/device"),
        ({"objectives": []}, "/spec/objectives"),
        ({"budget": {"evaluations": 0}}, "/spec/budget/evaluations"),
        ({"budget": {"evaluations": -5}}, "/spec/budget/evaluations"),
        ({"budget": {"evaluations": 9, "wall_seconds": 0}}, "/spec/budget/wall_seconds"),
        ({"colour": "blue"}, "/spec/colour"),
        ({"warm_start": [{"job": "job_x"}]}, "/spec/warm_start/0/job"),
        ({"parallelism": 0}, "/spec/parallelism"),
        ({"seed": -1}, "/spec/seed"),
        (
            {"searcher": {"name": "optuna", "parameters": {"sampler": "GridSampler"}}},
            "/spec/searcher/parameters/sampler",
        ),
    ],
)
def test_what_is_wrong_is_pointed_at_and_nothing_is_stored(
    client: httpx.Client,
    body: dict[str, Any],
    storage: Storage,
    change: dict[str, Any],
    pointer: str,
) -> None:
    body["spec"] |= change
    refused(client.post("/v1/jobs", json=body), pointer)
    assert not storage.jobs.page(size=1).items


def test_a_negative_seed_is_refused_from_python_too(submit: Callable[..., Job]) -> None:
    with pytest.raises(InvalidInput, match="at least 0") as refusal:
        submit(seed=-1)
    assert refusal.value.pointer == "/spec/seed"


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_not_finite_are_refused(
    client: httpx.Client, body: dict[str, Any], value: str
) -> None:
    body["spec"]["constraints"] = [{"name": "macs", "op": "le", "value": 12345}]
    text = httpx.Request("POST", "http://x", json=body).content.decode().replace("12345", value)
    response = client.post(
        "/v1/jobs", content=text.encode(), headers={"content-type": "application/json"}
    )
    refused(response, "/spec/constraints/0/value")


def test_promise_5_a_constraint_that_nothing_meets_is_refused_at_submit_with_the_reachable_range(
    client: httpx.Client, body: dict[str, Any]
) -> None:
    body["spec"]["constraints"] = [{"name": "macs", "op": "le", "value": 1}]
    response = client.post("/v1/jobs", json=body)
    assert "macs" in refused(response, "/spec/constraints/0/value")


def test_an_unknown_kind_names_the_known_ones(client: httpx.Client, body: dict[str, Any]) -> None:
    for kind in ("dance", None, 3):
        detail = refused(client.post("/v1/jobs", json={**body, "kind": kind}), "/kind")
        assert "search" in detail
    refused(client.post("/v1/jobs", json={"spec": body["spec"]}), "/kind")


def test_a_training_is_queued_without_a_supernet_and_its_recipe_is_pointed_into(
    client: httpx.Client,
) -> None:
    recipe: dict[str, Any] = {"method": "pix2pix", "dataset": "fashion-mnist-edges", "images": 8}
    response = client.post("/v1/jobs", json={"kind": "train", "spec": {"recipe": recipe}})
    job = response.json()
    assert (response.status_code, job["kind"], job["supernet"]) == (201, "train", None)
    assert response.headers["location"] == f"/v1/jobs/{job['id']}"
    assert job["result"] is None
    assert [j["id"] for j in client.get("/v1/jobs?kind=train").json()["jobs"]] == [job["id"]]
    assert client.get(f"/v1/jobs/{job['id']}/front").status_code == 404
    for wrong, pointer in (
        ({"recipe": {**recipe, "adam": {"beta1": "x"}}}, "/spec/recipe/adam/beta1"),
        ({"recipe": {**recipe, "generator": 3}}, "/spec/recipe/generator"),
        ({"recipe": recipe, "workers": 0}, "/spec/workers"),
        ({"recipe": recipe, "speed": 1}, "/spec/speed"),
        ({}, "/spec/recipe"),
    ):
        refused(client.post("/v1/jobs", json={"kind": "train", "spec": wrong}), pointer)


def test_a_repeated_step_is_fine_and_an_illegal_one_names_the_allowed(
    client: httpx.Client, submit: Callable[..., Job]
) -> None:
    job = submit()
    for _ in range(2):
        answer = client.post(f"/v1/jobs/{job.id}/cancel")
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    refusal = client.post(f"/v1/jobs/{job.id}/pause")
    assert refusal.status_code == 409
    assert "allowed steps: retry" in refusal.json()["detail"]
    again = client.post(f"/v1/jobs/{job.id}/retry").json()
    assert (again["state"], again["attempt"]) == ("queued", 2)


def test_a_running_job_is_paused_and_resumed(
    client: httpx.Client, submit: Callable[..., Job], run: Run
) -> None:
    job = submit()
    run(job)
    assert client.post(f"/v1/jobs/{job.id}/pause").json()["state"] == "paused"
    assert client.post(f"/v1/jobs/{job.id}/resume").json()["state"] == "running"


def test_pages_of_jobs_show_each_once_newest_first(
    client: httpx.Client, submit: Callable[..., Job]
) -> None:
    made = [submit(seed=seed).id for seed in range(5)]
    seen: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = client.get("/v1/jobs", params={"page_size": "2", **token}).json()
        seen += [job["id"] for job in page["jobs"]]
        if "next_page_token" not in page:
            break
        token = {"page_token": page["next_page_token"]}
    assert seen == made[::-1]


def test_jobs_are_filtered(client: httpx.Client, submit: Callable[..., Job]) -> None:
    kept, other = submit(), submit()
    client.post(f"/v1/jobs/{other.id}/cancel")
    found = client.get("/v1/jobs", params={"state": "queued", "supernet": "tiny"}).json()["jobs"]
    assert [job["id"] for job in found] == [kept.id]
    assert client.get("/v1/jobs", params={"supernet": "none"}).status_code == 404
    assert client.get("/v1/jobs", params={"page_token": "forged"}).status_code == 422
    assert client.get("/v1/jobs", params={"page_size": "201"}).status_code == 422


def test_the_front_of_a_job_has_the_shape_of_the_contract(client: httpx.Client, ended: Job) -> None:
    front = client.get(f"/v1/jobs/{ended.id}/front").json()
    assert (front["supernet"], front["job"]) == (ended.supernet, ended.id)
    assert [o["name"] for o in front["objectives"]] == ["fid", "latency_ms"]
    assert front["reference_point"] == {"fid": 120.0, "latency_ms": 12.0}
    assert front["hypervolume"] == ended.hypervolume
    first = [p["values"]["fid"]["value"] for p in front["points"]]
    assert first == sorted(first)
    point = front["points"][0]
    assert point["evaluation"].startswith("evl_")
    assert point["architecture"]["resolution"] in (8, 16, 32)
    assert point["values"]["fid"].keys() >= {"value", "low", "high", "samples"}
    assert point["values"]["fid"]["samples"] == 10_000
    assert point["values"]["latency_ms"]["device"] == "cpu"


def test_a_front_point_shows_what_the_search_saw_beside_the_last_word(
    client: httpx.Client, ended: Job
) -> None:
    for point in client.get(f"/v1/jobs/{ended.id}/front").json()["points"]:
        evaluation = client.get(f"/v1/evaluations/{point['evaluation']}").json()
        assert point["search_values"] == evaluation["values"]
        assert point["values"] == evaluation["values"] | evaluation["final_values"]
        assert point["values"]["fid"]["samples"] > point["search_values"]["fid"]["samples"]


def test_the_front_as_csv_holds_the_same_points(client: httpx.Client, ended: Job) -> None:
    front = client.get(f"/v1/jobs/{ended.id}/front").json()
    response = client.get(f"/v1/jobs/{ended.id}/front", params={"format": "csv"})
    assert response.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert [row["evaluation"] for row in rows] == [p["evaluation"] for p in front["points"]]
    first = front["points"][0]
    assert float(rows[0]["fid"]) == first["values"]["fid"]["value"]
    assert float(rows[0]["fid_in_search"]) == first["search_values"]["fid"]["value"]


def test_history_grows_with_the_evaluations(client: httpx.Client, ended: Job) -> None:
    points = client.get(f"/v1/jobs/{ended.id}/history").json()["points"]
    assert [p["evaluations"] for p in points] == list(range(1, 41))
    volumes = [p["hypervolume"] for p in points]
    assert volumes == sorted(volumes)


def test_evaluations_come_in_the_order_asked_for(client: httpx.Client, ended: Job) -> None:
    path = f"/v1/jobs/{ended.id}/evaluations"
    numbers = [e["number"] for e in client.get(path).json()["evaluations"]]
    assert numbers == list(range(40))
    page = client.get(path, params={"order_by": "macs", "page_size": 15}).json()
    rest = client.get(
        path, params={"order_by": "macs", "page_size": 1000, "page_token": page["next_page_token"]}
    ).json()
    macs = [e["values"]["macs"]["value"] for e in page["evaluations"] + rest["evaluations"]]
    assert macs == sorted(macs)
    assert len(macs) == 40
    assert "next_page_token" not in rest


def test_priority_labels_and_budget_change(client: httpx.Client, body: dict[str, Any]) -> None:
    job = client.post("/v1/jobs", json={**body, "labels": {"a": "1"}}).json()
    where = f"/v1/jobs/{job['id']}"
    budget = {"evaluations": 77, "patience": {"evaluations": 9}}
    changed = client.patch(where, json={"priority": -4, "labels": {}, "budget": budget})
    assert changed.status_code == 200
    assert (changed.json()["priority"], changed.json()["labels"]) == (-4, {})
    assert changed.json()["team"] == "default"
    stored = changed.json()["spec"]["budget"]
    assert (stored["evaluations"], stored["patience"]["min_gain"]) == (77, 1e-3)
    assert client.get(where).json() == changed.json()
    assert client.patch(where, json={}).json() == changed.json()


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"priority": 1.5}, "/priority"),
        ({"priority": 1001}, "/priority"),
        ({"labels": {"a": 1}}, "/labels/a"),
        ({"budget": {"evaluations": 0}}, "/budget/evaluations"),
        ({"budget": {"evaluations": 9, "wall_seconds": -1}}, "/budget/wall_seconds"),
        ({"seed": 1}, "/seed"),
    ],
)
def test_a_change_that_is_wrong_is_pointed_at(
    client: httpx.Client, body: dict[str, Any], change: dict[str, Any], pointer: str
) -> None:
    job = client.post("/v1/jobs", json=body).json()
    refused(client.patch(f"/v1/jobs/{job['id']}", json={"labels": {"x": "y"}, **change}), pointer)
    assert client.get(f"/v1/jobs/{job['id']}").json() == job


def test_only_a_job_that_is_there_and_not_over_changes(
    client: httpx.Client, body: dict[str, Any]
) -> None:
    assert client.patch("/v1/jobs/job_none", json={"priority": 1}).status_code == 404
    job = client.post("/v1/jobs", json=body).json()
    client.post(f"/v1/jobs/{job['id']}/cancel")
    assert client.patch(f"/v1/jobs/{job['id']}", json={"priority": 1}).status_code == 409
