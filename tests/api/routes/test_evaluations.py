import io

import httpx
import pytest
from PIL import Image

from search_service.domain.job import Job
from search_service.storage.base import Storage


@pytest.fixture
def path(ended: Job, storage: Storage) -> str:
    evaluation = storage.evaluations.front_of(ended.id)[0]
    return f"/v1/evaluations/{evaluation.id}"


def test_an_evaluation_tells_both_its_values(client: httpx.Client, path: str, ended: Job) -> None:
    evaluation = client.get(path).json()
    assert evaluation["job"] == ended.id
    assert evaluation["values"]["fid"]["samples"] == 2048
    assert evaluation["final_values"]["fid"]["samples"] == 10_000
    assert evaluation["created_at"].endswith("Z")


def test_a_fine_tuning_that_no_method_does_is_refused(client: httpx.Client, path: str) -> None:
    answer = client.post(f"{path}/finetune", json={"steps": 5})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("no method fine-tunes one architecture of anycost")
    assert client.post("/v1/evaluations/evl_0/finetune", json={"steps": 5}).status_code == 404
    assert client.post(f"{path}/finetune", json={"steps": 0}).status_code == 422


@pytest.mark.parametrize("rows", [1, 2, 4])
def test_samples_are_cropped_to_the_rows_asked_for(
    client: httpx.Client, path: str, rows: int
) -> None:
    whole = Image.open(io.BytesIO(client.get(f"{path}/samples.png").content))
    response = client.get(f"{path}/samples.png", params={"rows": rows})
    assert response.headers["content-type"] == "image/png"
    some = Image.open(io.BytesIO(response.content))
    assert some.size == (32 * rows, 32 * rows)
    assert some.tobytes() == whole.crop((0, 0, 32 * rows, 32 * rows)).tobytes()


def test_samples_that_are_known_are_not_sent_again(client: httpx.Client, path: str) -> None:
    first = client.get(f"{path}/samples.png")
    etag = {"If-None-Match": first.headers["etag"]}
    assert client.get(f"{path}/samples.png", headers=etag).status_code == 304
    other = client.get(f"{path}/samples.png", params={"rows": 1}, headers=etag)
    assert other.status_code == 200


@pytest.mark.parametrize("rows", ["0", "5", "many"])
def test_rows_have_limits(client: httpx.Client, path: str, rows: str) -> None:
    assert client.get(f"{path}/samples.png", params={"rows": rows}).status_code == 422
