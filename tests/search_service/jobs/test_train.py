"""A training is refused at submit for whatever can be told without a worker."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from search_service import jobs
from search_service.domain.ids import new_id
from search_service.domain.job import Job, JobKind
from search_service.domain.supernet import Supernet
from search_service.errors import InvalidInput, NameTaken
from search_service.queue import PollingWakeUps
from search_service.storage import MemoryStorage

RECIPE: dict[str, Any] = {
    "images": 64,
    "batch": 8,
    "generator": {"resolution": 32},
    "sampling": {"sides": {"32": 1.0}},
}
COMPRESS: dict[str, Any] = {
    "method": "compress",
    "dataset": "fashion-mnist-edges",
    "images": 8,
    "weights": {"distillation": 0},
}


@pytest.fixture
def storage() -> MemoryStorage:
    return MemoryStorage()


def submit(storage: MemoryStorage, **spec: Any) -> Job:
    wake_ups = PollingWakeUps()
    return jobs.submit("train", {"recipe": RECIPE, **spec}, storage=storage, wake_ups=wake_ups)


def test_a_training_is_stored_with_its_method_and_its_defaults(storage: MemoryStorage) -> None:
    job = submit(storage)
    assert storage.jobs.get(job.id) == job
    assert (job.kind, job.supernet) == (JobKind.TRAIN, "")
    assert job.spec["recipe"] == {**RECIPE, "method": "anycost"}
    assert (job.spec["workers"], job.spec["name"]) == (1, "")


@pytest.mark.parametrize(
    ("spec", "pointer", "message"),
    [
        ({"recipe": {**RECIPE, "sead": 1}}, "/spec/recipe/sead", "unknown recipe key 'sead'"),
        ({"recipe": {**RECIPE, "adam": {"beta1": "x"}}}, "/spec/recipe/adam/beta1", "float"),
        ({"recipe": {**COMPRESS, "initial": "/none"}}, "/spec/recipe/initial", "no file at /none"),
        ({"data": "/none"}, "/spec/data", "no folder at /none"),
        ({"workers": 3}, "/spec/workers", "must be a multiple of 12"),
        ({"name": "net", "feature_extractor": "eyes"}, "/spec/feature_extractor", "eyes"),
        (
            {"recipe": {**COMPRESS, "method": "pix2pix"} | {"weights": {}}, "name": "net"},
            "/spec/recipe/weights",
            "unknown recipe key",
        ),
        ({"recipe": {**COMPRESS, "dataset": "two-folders"}, "name": "net"}, "/spec/data", "folder"),
    ],
)
def test_a_mistake_is_pointed_at(
    storage: MemoryStorage, spec: dict[str, Any], pointer: str, message: str
) -> None:
    with pytest.raises(InvalidInput, match=message) as caught:
        submit(storage, **spec)
    assert caught.value.pointer == pointer


def test_a_method_without_a_supernet_has_none_to_name(storage: MemoryStorage) -> None:
    recipe = {"method": "pix2pix", "dataset": "fashion-mnist-edges", "images": 8}
    submit(storage, recipe=recipe)
    with pytest.raises(InvalidInput, match="these do: anycost, compress") as caught:
        submit(storage, recipe=recipe, name="net")
    assert caught.value.pointer == "/spec/name"


def test_a_name_in_use_is_refused(storage: MemoryStorage) -> None:
    storage.supernets.add(
        Supernet(
            id=new_id("sup"),
            name="net",
            family="anycost",
            parameters={},
            checkpoint="x",
            dataset="fashion-mnist-32",
            feature_extractor="fashion-classifier",
            created_at=datetime.now(UTC),
        )
    )
    with pytest.raises(NameTaken, match="'net' is taken"):
        submit(storage, name="net")


def test_files_are_kept_as_paths_that_mean_the_same_everywhere(
    storage: MemoryStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "first.safetensors").touch()
    monkeypatch.chdir(tmp_path)
    job = submit(storage, recipe={**COMPRESS, "initial": "first.safetensors"})
    assert job.spec["recipe"]["initial"] == str(tmp_path / "first.safetensors")


def test_a_supernet_of_ones_own_images_may_be_named_when_their_folder_is(
    storage: MemoryStorage, tmp_path: Path
) -> None:
    recipe = {**COMPRESS, "dataset": "folder-of-pairs"}
    job = submit(storage, recipe=recipe, name="net", data=str(tmp_path))
    assert job.spec["data"] == str(tmp_path)


def test_a_feature_network_is_pinned_by_its_digest(storage: MemoryStorage, tmp_path: Path) -> None:
    network = tmp_path / "network.pt"
    network.write_bytes(b"sees")
    recipe = {**COMPRESS, "perceptual": {"network": str(network)}}
    job = submit(storage, recipe=recipe)
    assert job.spec["recipe"]["perceptual"] == {
        "network": str(network),
        "digest": hashlib.sha256(b"sees").hexdigest(),
    }
    wrong = {**COMPRESS, "perceptual": {"network": str(network), "digest": "0" * 64}}
    with pytest.raises(InvalidInput, match="the recipe says 000") as caught:
        submit(storage, recipe=wrong)
    assert caught.value.pointer == "/spec/recipe/perceptual/network"
