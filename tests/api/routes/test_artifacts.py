import hashlib

import httpx
import pytest

from search_service.artifacts import Artifacts

CONTENT = bytes(range(256)) * 4


@pytest.fixture
def path(artifacts: Artifacts) -> str:
    lineage = {"job": "job_1", "supernet": "sup_1"}
    id_ = artifacts.put(CONTENT, media_type="image/png", lineage=lineage)
    return f"/v1/artifacts/{id_}"


def test_an_artifact_tells_what_it_is_and_what_it_came_from(
    client: httpx.Client, path: str
) -> None:
    told = client.get(path).json()
    assert told == {
        "id": path.rpartition("/")[2],
        "media_type": "image/png",
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "size": 1024,
        "lineage": {"job": "job_1", "supernet": "sup_1"},
    }


def test_the_content_comes_once_and_is_then_known(client: httpx.Client, path: str) -> None:
    whole = client.get(f"{path}/content")
    assert (whole.content, whole.headers["content-type"]) == (CONTENT, "image/png")
    assert whole.headers["etag"] == f'"{hashlib.sha256(CONTENT).hexdigest()}"'
    again = {"If-None-Match": f'"other", {whole.headers["etag"]}'}
    assert client.get(f"{path}/content", headers=again).status_code == 304


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=10-19", slice(10, 20)),
        ("bytes=1000-", slice(1000, None)),
        ("bytes=-24", slice(-24, None)),
        ("bytes=1000-9999", slice(1000, None)),
        ("bytes=-9999", slice(0, None)),
    ],
)
def test_a_range_is_that_part(client: httpx.Client, path: str, asked: str, part: slice) -> None:
    response = client.get(f"{path}/content", headers={"Range": asked})
    assert (response.status_code, response.content) == (206, CONTENT[part])
    first, last, _ = part.indices(len(CONTENT))
    assert response.headers["content-range"] == f"bytes {first}-{last - 1}/1024"


@pytest.mark.parametrize("asked", ["bytes=1024-", "bytes=1024-2000", "bytes=-0"])
def test_a_range_that_is_not_there_is_refused(client: httpx.Client, path: str, asked: str) -> None:
    response = client.get(f"{path}/content", headers={"Range": asked})
    assert response.status_code == 416
    assert response.headers["content-range"] == "bytes */1024"
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("asked", ["lines=1-2", "bytes=1-2,4-5", "bytes=-", "bytes=20-10"])
def test_a_range_in_unknown_words_is_the_whole(client: httpx.Client, path: str, asked: str) -> None:
    response = client.get(f"{path}/content", headers={"Range": asked})
    assert (response.status_code, response.content) == (200, CONTENT)


@pytest.mark.parametrize("id_", ["art_none", "art_" + "0" * 26])
def test_what_is_not_there_is_not_found(client: httpx.Client, id_: str) -> None:
    assert client.get(f"/v1/artifacts/{id_}").status_code == 404
    assert client.get(f"/v1/artifacts/{id_}/content").status_code == 404
