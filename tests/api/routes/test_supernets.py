import json
import struct
from pathlib import Path
from typing import Any

import httpx
import pytest

from search_service.domain.job import Job
from search_service.storage.base import Storage


@pytest.fixture
def request_body(tmp_path: Path) -> dict[str, Any]:
    """A supernet whose checkpoint is a whole, if small, safetensors file."""
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    checkpoint = tmp_path / "weights.safetensors"
    checkpoint.write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    return {
        "name": "another",
        "family": "anycost",
        "parameters": {"resolution": 32, "channel_multiplier": 0.0625},
        "checkpoint": str(checkpoint),
        "dataset": "fashion-mnist-32",
        "feature_extractor": "fashion-classifier",
    }


def test_a_supernet_is_registered_and_waits_for_a_worker(
    client: httpx.Client, request_body: dict[str, Any]
) -> None:
    response = client.post("/v1/supernets", json=request_body)
    supernet = response.json()
    assert response.status_code == 201
    assert response.headers["location"] == f"/v1/supernets/{supernet['id']}"
    assert supernet["id"].startswith("sup_")
    assert supernet["status"] == "pending"
    for name in (supernet["id"], "another"):
        assert client.get(f"/v1/supernets/{name}").json()["id"] == supernet["id"]
    listed = client.get("/v1/supernets").json()["supernets"]
    assert [s["name"] for s in listed] == ["another", "tiny"]


def test_a_name_is_taken_once(client: httpx.Client, request_body: dict[str, Any]) -> None:
    assert client.post("/v1/supernets", json=request_body).status_code == 201
    assert client.post("/v1/supernets", json=request_body).status_code == 409


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"family": "biggan"}, "/family"),
        ({"parameters": {"resolution": 33}}, "/parameters/resolution"),
        ({"parameters": {"resolution": 32, "depth": 3}}, "/parameters/depth"),
        ({"dataset": "imagenet"}, "/dataset"),
        ({"feature_extractor": "eyes"}, "/feature_extractor"),
        ({"checkpoint": "/nowhere/x.safetensors"}, "/checkpoint"),
        ({"name": "no spaces"}, "/name"),
        ({"colour": "blue"}, "/colour"),
    ],
)
def test_what_is_wrong_is_pointed_at_and_nothing_is_stored(
    client: httpx.Client,
    storage: Storage,
    request_body: dict[str, Any],
    change: dict[str, Any],
    pointer: str,
) -> None:
    response = client.post("/v1/supernets", json=request_body | change)
    assert response.status_code == 422
    assert [e["pointer"] for e in response.json()["errors"]] == [pointer]
    assert [s.name for s in storage.supernets.page(size=9).items] == ["tiny"]


def test_a_truncated_checkpoint_is_refused(
    client: httpx.Client, request_body: dict[str, Any]
) -> None:
    path = Path(request_body["checkpoint"])
    path.write_bytes(path.read_bytes()[:-1])
    response = client.post("/v1/supernets", json=request_body)
    assert response.status_code == 422
    assert "truncated" in response.json()["detail"]


def test_the_space_lists_its_choices(client: httpx.Client) -> None:
    space = client.get("/v1/supernets/tiny/space").json()
    assert space["choices"][0] == {"name": "resolution", "options": [8, 16, 32]}
    assert space["size"] > 1000


@pytest.mark.parametrize(("bound", "feasible"), [(1e9, True), (1, False)])
def test_feasibility_is_told_with_ranges(
    client: httpx.Client, bound: float, feasible: bool
) -> None:
    constraints = [{"name": "macs", "op": "le", "value": bound}]
    answer = client.post("/v1/supernets/tiny/feasibility", json={"constraints": constraints})
    found = answer.json()
    assert found["feasible"] is feasible
    assert found["fraction"] == float(feasible)
    low, high = found["ranges"]["macs"]
    assert 1 < low < high < 1e9


def test_the_front_over_all_jobs_obeys_its_bounds(client: httpx.Client, ended: Job) -> None:
    path = "/v1/supernets/tiny/front"
    query = {"objectives": "fid,latency_ms", "device": "cpu", "where": "latency_ms<=3,macs>=1e6"}
    front = client.get(path, params=query).json()
    assert front["job"] is None
    assert front["points"]
    assert all(p["values"]["latency_ms"]["value"] <= 3 for p in front["points"])


def test_the_best_is_the_least_under_the_bound(client: httpx.Client, ended: Job) -> None:
    path = f"/v1/jobs/{ended.id}/evaluations"
    known = client.get(path, params={"page_size": 1000}).json()["evaluations"]
    least = min(e["values"]["macs"]["value"] for e in known)
    query = {"minimize": "macs", "where": "latency_ms<=100", "device": "cpu"}
    best = client.get("/v1/supernets/tiny/best", params=query).json()
    assert best["evaluation"]["values"]["macs"]["value"] == least
    assert best["support"]["evaluations"] == len({e["text"] for e in known})
    assert best["support"]["compared"] == min(50, len({e["text"] for e in known}) - 1)
    nothing = client.get("/v1/supernets/tiny/best", params={**query, "where": "macs<=1"}).json()
    assert nothing["evaluation"] is None
    assert nothing["support"] == {"evaluations": 0, "compared": 0}


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"minimize": "beauty"}, "/minimize"),
        ({"minimize": "latency_ms"}, "/device"),
        ({"minimize": "fid", "where": "macs=3"}, "/where"),
        ({"minimize": "fid", "where": "macs<=nan"}, "/where"),
    ],
)
def test_a_question_that_is_wrong_is_pointed_at(
    client: httpx.Client, query: dict[str, str], pointer: str
) -> None:
    response = client.get("/v1/supernets/tiny/best", params=query)
    assert response.status_code == 422
    assert [e["pointer"] for e in response.json()["errors"]] == [pointer]
