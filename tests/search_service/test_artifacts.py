"""Artifacts by content, on a folder and on a store that has none."""

import threading
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_service.artifacts import Artifacts
from search_service.errors import InvalidFile, InvalidSetting, NotFound


@pytest.fixture(params=["folder", "memory"])
def artifacts(request: pytest.FixtureRequest, tmp_path: Path) -> Artifacts:
    if request.param == "memory":
        return Artifacts(f"memory://{uuid.uuid4().hex}/artifacts")
    return Artifacts(str(tmp_path / "not there yet"))


def test_what_was_put_is_got(artifacts: Artifacts) -> None:
    for content in (b"", b"\x00png", b"x" * 1_000_000):
        id_ = artifacts.put(content, media_type="image/png")
        artifact = artifacts.get(id_)
        assert (artifact.id, artifact.content) == (id_, content)
        assert artifact.media_type == "image/png"
        assert artifacts.exists(id_)


@given(st.binary(), st.binary())
def test_equal_contents_and_only_those_have_equal_ids(one: bytes, other: bytes) -> None:
    store = Artifacts("memory://ids")
    ids = [store.put(content, media_type="x") for content in (one, other)]
    assert (ids[0] == ids[1]) == (one == other)


@pytest.mark.parametrize("id_", ["art_none", "", "../x", "art_" + "0" * 26, "art_../../../etc"])
def test_an_id_of_nothing_is_not_found(artifacts: Artifacts, id_: str) -> None:
    assert not artifacts.exists(id_)
    with pytest.raises(NotFound):
        artifacts.get(id_)


def content_file(folder: Path, id_: str) -> Path:
    return next(folder.rglob(id_))


def test_damaged_content_is_detected_and_can_be_put_again(tmp_path: Path) -> None:
    artifacts = Artifacts(str(tmp_path))
    id_ = artifacts.put(b"picture", media_type="image/png")
    content_file(tmp_path, id_).write_bytes(b"pict")  # as a full disk leaves it
    with pytest.raises(InvalidFile, match=id_):
        artifacts.get(id_)
    assert artifacts.put(b"picture", media_type="image/png") == id_
    assert artifacts.get(id_).content == b"picture"


def test_a_damaged_description_is_detected(tmp_path: Path) -> None:
    artifacts = Artifacts(str(tmp_path))
    id_ = artifacts.put(b"picture", media_type="image/png")
    content_file(tmp_path, f"{id_}.json").write_bytes(b"{")
    with pytest.raises(InvalidFile, match=id_):
        artifacts.get(id_)


def test_many_writers_of_one_content_leave_one_whole_file(tmp_path: Path) -> None:
    content = b"x" * 100_000
    stores = [Artifacts(str(tmp_path)) for _ in range(8)]
    threads = [
        threading.Thread(target=store.put, args=(content,), kwargs={"media_type": "x"})
        for store in stores
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 2  # the content and its description; nothing half-written
    assert max(files, key=lambda path: path.stat().st_size).read_bytes() == content


@pytest.mark.parametrize("uri", ["nonsense://x", "s4://bucket"])
def test_an_unknown_kind_of_store_is_refused(uri: str) -> None:
    with pytest.raises(InvalidSetting, match="GANSEARCH_ARTIFACTS"):
        Artifacts(uri)
