"""A teacher that a search brings is checked when the search is submitted."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import save

from search_service import catalog, jobs
from search_service.domain.job import Job
from search_service.domain.spec import SearchSpec
from search_service.domain.supernet import Supernet, SupernetStatus
from search_service.errors import InvalidInput
from search_service.queue import PollingWakeUps
from search_service.search.plan import Plan
from search_service.storage import MemoryStorage

NOW = datetime.now(UTC)
OWN = {"inputs": "pairs.search", "teacher": "8_8_8_8_8_8_8_8", "final": {"inputs": "pairs.test"}}


def supernet(name: str, family: str, parameters: dict[str, Any]) -> Supernet:
    return Supernet(
        id=f"sup_{name}",
        name=name,
        family=family,
        parameters=parameters,
        checkpoint="/weights",
        dataset="folder-of-pairs:/pairs",
        feature_extractor="fashion-classifier",
        status=SupernetStatus.READY,
        protocol={"inputs": "pairs.search", "others": {"teacher_distance": OWN, "mse": {"a": 1}}},
        created_at=NOW,
    )


@pytest.fixture
def storage() -> MemoryStorage:
    storage = MemoryStorage()
    storage.supernets.add(supernet("resnet", "gan-compression", {"base_channels": 8}))
    anycost = {"resolution": 32, "channel_multiplier": 1 / 16, "channel_max": 256}
    storage.supernets.add(supernet("anycost", "anycost", anycost))
    return storage


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    path = tmp_path / "teacher.safetensors"
    path.write_bytes(save({}))
    return path


def submit(storage: MemoryStorage, **changes: Any) -> Job:
    body = {
        "supernet": "resnet",
        "objectives": [{"name": "teacher_distance"}, {"name": "macs"}],
        "budget": {"evaluations": 8},
        **changes,
    }
    return jobs.submit("search", body, storage=storage, wake_ups=PollingWakeUps())


def test_its_digest_is_in_the_job_and_in_the_protocol_of_its_objective_alone(
    storage: MemoryStorage, teacher: Path
) -> None:
    given = {"checkpoint": str(teacher), "base_channels": 16, "blocks": 6}
    objectives = [{"name": "teacher_distance"}, {"name": "mse"}]
    job = submit(storage, teacher=given, objectives=objectives)
    digest = hashlib.sha256(teacher.read_bytes()).hexdigest()
    about = given | {"kind": "dense", "digest": digest}
    assert job.spec["teacher"] == about
    found = storage.supernets.get("resnet")
    plan = Plan(
        spec=SearchSpec.from_json(job.spec),
        supernet=found,
        space=catalog.space_of(found),
        devices={},
    )
    for requests in (plan.judgements("a", 2048), plan.final_judgements("a")):
        asked = {r.protocol.objective: r.protocol.parameters for r in requests}
        assert asked["teacher_distance"]["teacher"] == about
        assert "teacher" not in asked["mse"]


def test_without_one_the_largest_architecture_is_meant(storage: MemoryStorage) -> None:
    job = submit(storage)
    assert "teacher" not in job.spec
    found = storage.supernets.get("resnet")
    spec = SearchSpec.from_json(job.spec)
    plan = Plan(spec=spec, supernet=found, space=catalog.space_of(found), devices={})
    (request,) = plan.judgements("a", 2048)
    assert request.protocol.parameters["teacher"] == "8_8_8_8_8_8_8_8"


@pytest.mark.parametrize(
    ("changes", "given", "pointer", "message"),
    [
        ({"supernet": "anycost"}, {}, "", "image-to-image supernets, not for anycost"),
        ({"objectives": [{"name": "mse"}]}, {}, "", "which this search does not measure"),
        ({}, {"checkpoint": "/none"}, "/checkpoint", "/none"),
        ({}, {"kind": "thin"}, "/kind", "must be one of dense, mobile; got 'thin'"),
        ({}, {"base_channels": 0}, "/base_channels", "at least 1"),
        ({}, {"blocks": 0}, "/blocks", "at least 1"),
        ({}, {"digest": "0" * 64}, "/digest", "the SHA-256 of"),
    ],
)
def test_a_mistake_is_pointed_at(
    storage: MemoryStorage,
    teacher: Path,
    changes: dict[str, Any],
    given: dict[str, Any],
    pointer: str,
    message: str,
) -> None:
    body = {"checkpoint": str(teacher), "base_channels": 16, **given}
    with pytest.raises(InvalidInput, match=message) as caught:
        submit(storage, teacher=body, **changes)
    assert caught.value.pointer == f"/spec/teacher{pointer}"


def test_a_constraint_may_be_what_it_is_for(storage: MemoryStorage, teacher: Path) -> None:
    constraints = [{"name": "teacher_distance", "op": "le", "value": 0.1}]
    given = {"checkpoint": str(teacher), "base_channels": 16}
    job = submit(storage, objectives=[{"name": "mse"}], constraints=constraints, teacher=given)
    assert job.spec["teacher"]["checkpoint"] == str(teacher)


def test_a_file_that_is_no_checkpoint_is_refused(storage: MemoryStorage, tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("no")
    with pytest.raises(InvalidInput, match="not a safetensors file") as caught:
        submit(storage, teacher={"checkpoint": str(path), "base_channels": 16})
    assert caught.value.pointer == "/spec/teacher/checkpoint"
