"""A fine-tuning's recipe is made from what is known of the evaluation, and checked at submit."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from search_service import jobs
from search_service.domain.evaluation import Evaluation, EvaluationState, Finished
from search_service.domain.ids import new_id
from search_service.domain.job import Job, JobKind, JobState
from search_service.domain.supernet import Supernet, SupernetStatus
from search_service.errors import InvalidInput
from search_service.queue import PollingWakeUps
from search_service.storage import MemoryStorage

NOW = datetime.now(UTC)
RESNET = {"base_channels": 8, "blocks": 1, "image_size": 32, "input_channels": 1}


@pytest.fixture
def storage() -> MemoryStorage:
    return MemoryStorage()


def evaluated(
    storage: MemoryStorage,
    checkpoint: Path,
    *,
    family: str,
    parameters: dict[str, Any],
    text: str,
    dataset: str = "fashion-mnist-edges",
) -> Evaluation:
    """An evaluation of a ready supernet, by a search that runs."""
    checkpoint.touch()
    supernet = Supernet(
        id=new_id("sup"),
        name=f"net-{len(checkpoint.name)}",
        family=family,
        parameters=parameters,
        checkpoint=str(checkpoint),
        dataset=dataset,
        feature_extractor="fashion-classifier",
        status=SupernetStatus.READY,
        created_at=NOW,
    )
    storage.supernets.add(supernet)
    job = Job(id=new_id("job"), kind=JobKind.SEARCH, supernet=supernet.id, spec={}, created_at=NOW)
    storage.jobs.add(job)
    claim = storage.jobs.claim(worker="test", lease_seconds=60)
    assert claim is not None
    evaluation = Evaluation(
        id=new_id("evl"),
        job=job.id,
        supernet=supernet.id,
        number=0,
        architecture=text,
        options={},
        state=EvaluationState.MEASURED,
        rung=0,
        values={},
        created_at=NOW,
    )
    storage.evaluations.record(claim, [Finished(evaluation=evaluation)])
    return evaluation


@pytest.fixture
def evaluation(storage: MemoryStorage, tmp_path: Path) -> Evaluation:
    path = tmp_path / "weights.safetensors"
    text = "2_4_6_8_2_2_4_6"
    return evaluated(storage, path, family="gan-compression", parameters=RESNET, text=text)


def submit(storage: MemoryStorage, found: Evaluation, **body: Any) -> Job:
    body = {"evaluation": found.id, **body}
    return jobs.submit("finetune", body, storage=storage, wake_ups=PollingWakeUps())


def test_the_recipe_names_the_architecture_and_the_supernet_s_weights(
    storage: MemoryStorage, evaluation: Evaluation, tmp_path: Path
) -> None:
    job = submit(storage, evaluation, steps=5, recipe={"batch": 4, "adam": {"beta1": 0.1}})
    assert (job.kind, job.supernet) == (JobKind.FINETUNE, evaluation.supernet)
    assert (job.spec["evaluation"], job.spec["parent"]) == (evaluation.id, evaluation.job)
    assert job.spec["recipe"] == {
        "method": "finetune",
        "dataset": "fashion-mnist-edges",
        "weights": {"distillation": 0.0},
        "supernet": {"generator": "resnet", "base_channels": 8, "blocks": 1, "space": ""},
        "architecture": "2_4_6_8_2_2_4_6",
        "initial": str(tmp_path / "weights.safetensors"),
        "images": 20,
        "batch": 4,
        "adam": {"beta1": 0.1},
    }


def test_a_supernet_that_was_trained_here_goes_on_by_its_own_recipe(
    storage: MemoryStorage, evaluation: Evaluation
) -> None:
    recipe = {
        "method": "compress",
        "dataset": "fashion-mnist-edges",
        "images": 800,
        "batch": 2,
        "subnets": 3,
        "sandwich": True,
        "weights": {"distillation": 0.0, "reconstruction": 10.0},
        "adversarial": "lsgan",
    }
    wake_ups = PollingWakeUps()
    jobs.submit("train", {"recipe": recipe}, storage=storage, wake_ups=wake_ups)
    claim = storage.jobs.claim(worker="test", lease_seconds=60)
    assert claim is not None
    made = {"supernet": evaluation.supernet}
    storage.jobs.finish(claim, state=JobState.SUCCEEDED, reason="", result=made)
    job = submit(storage, evaluation, images=10, recipe={"weights": {"reconstruction": 5.0}})
    stored = job.spec["recipe"]
    assert stored["weights"] == {"distillation": 0.0, "reconstruction": 5.0}
    assert (stored["adversarial"], stored["batch"], stored["images"]) == ("lsgan", 2, 10)
    assert not {"subnets", "sandwich"} & stored.keys()


def train_here(storage: MemoryStorage, supernet: str, recipe: dict[str, Any]) -> None:
    """A finished training that made the supernet, and left the discriminator art_d."""
    recipe = {"method": "compress", "dataset": "fashion-mnist-edges", "images": 800} | recipe
    jobs.submit("train", {"recipe": recipe}, storage=storage, wake_ups=PollingWakeUps())
    claim = storage.jobs.claim(worker="test", lease_seconds=60)
    assert claim is not None
    made = {"supernet": supernet, "artifacts": {"supernet": "art_s", "discriminator": "art_d"}}
    storage.jobs.finish(claim, state=JobState.SUCCEEDED, reason="", result=made)


@pytest.mark.parametrize(
    ("recipe", "critic", "told"),
    [
        ({}, "art_d", {"base_channels": 8}),
        ({"critic": {"weights": ""}}, "", {"base_channels": 8, "weights": ""}),
    ],
)
def test_the_discriminator_goes_on_from_the_supernet_s_unless_the_recipe_has_another(
    storage: MemoryStorage,
    evaluation: Evaluation,
    tmp_path: Path,
    recipe: dict[str, Any],
    critic: str,
    told: dict[str, Any],
) -> None:
    teachers = tmp_path / "discriminator.safetensors"
    teachers.touch()
    own = {"critic": {"base_channels": 8, "weights": str(teachers)}}
    train_here(storage, evaluation.supernet, {"weights": {"distillation": 0.0}} | own)
    teachers.unlink()  # what the supernet's training began with is not needed any more
    job = submit(storage, evaluation, images=10, recipe=recipe)
    assert job.spec["critic"] == critic
    assert job.spec["recipe"]["critic"] == told


def test_what_counts_the_images_of_the_supernet_s_training_stays_with_it(
    storage: MemoryStorage, evaluation: Evaluation
) -> None:
    own = {"warmup_images": 400, "warmup_rate": 0.1, "average_half_life": 300.0}
    train_here(storage, evaluation.supernet, {"weights": {"distillation": 0.0}} | own)
    job = submit(storage, evaluation, images=10)
    assert not own.keys() & job.spec["recipe"].keys()


@pytest.mark.parametrize(
    ("body", "pointer", "message"),
    [
        ({"images": 8, "evaluation": "evl_none"}, "/spec/evaluation", "evl_none"),
        ({}, "/spec/images", "either images or steps"),
        ({"images": 8, "steps": 8}, "/spec/images", "either images or steps"),
        ({"images": 8, "recipe": {"bach": 2}}, "/spec/recipe/bach", "unknown recipe key"),
        ({"images": 8, "recipe": {"batch": "2"}}, "/spec/recipe/batch", "must be int"),
        (
            {"images": 8, "recipe": {"teacher": {"weights": "/none"}}},
            "/spec/recipe/teacher/weights",
            "no file at /none",
        ),
        ({"images": 8, "workers": 2}, "/spec/workers", "multiple of 2"),
        ({"images": 8, "data": "/none"}, "/spec/data", "no folder"),
    ],
)
def test_a_mistake_is_pointed_at(
    storage: MemoryStorage,
    evaluation: Evaluation,
    body: dict[str, Any],
    pointer: str,
    message: str,
) -> None:
    with pytest.raises(InvalidInput, match=message) as caught:
        submit(storage, evaluation, **body)
    assert caught.value.pointer == pointer


def test_a_family_without_a_method_is_refused_in_a_line(
    storage: MemoryStorage, tmp_path: Path
) -> None:
    parameters = {"resolution": 32, "image_channels": 1}
    evaluation = evaluated(
        storage, tmp_path / "w", family="anycost", parameters=parameters, text="32:4_4"
    )
    with pytest.raises(InvalidInput, match="no method fine-tunes one architecture of anycost"):
        submit(storage, evaluation, images=8)


def test_it_goes_on_with_the_images_that_the_supernet_is_registered_with(
    storage: MemoryStorage, tmp_path: Path
) -> None:
    found = evaluated(
        storage,
        tmp_path / "weights.safetensors",
        family="gan-compression",
        parameters=RESNET,
        text="2_4_6_8_2_2_4_6",
        dataset=f"folder-of-pairs:{tmp_path}",
    )
    job = submit(storage, found, images=8)
    assert job.spec["data"] == str(tmp_path)
    assert job.spec["recipe"]["dataset"] == "folder-of-pairs"


def test_an_architecture_of_a_spade_generator_is_tuned_on_its_maps(
    storage: MemoryStorage, tmp_path: Path
) -> None:
    (tmp_path / "maps").mkdir()
    found = evaluated(
        storage,
        tmp_path / "weights.safetensors",
        family="gan-compression",
        parameters={
            "generator": "spade",
            "base_channels": 8,
            "image_size": 64,
            "input_channels": 6,
            "aspect_ratio": 2.0,
        },
        text="8_8_6_4_2_8_4_2",
        dataset=f"folder-of-maps:{tmp_path / 'maps'}",
    )
    job = submit(storage, found, images=10)
    assert job.spec["data"] == str(tmp_path / "maps")
    assert job.spec["recipe"] == {
        "method": "finetune",
        "dataset": "folder-of-maps",
        "weights": {"distillation": 0.0},
        "map_channels": 6,
        "upsampling": "normal",
        "supernet": {"generator": "spade", "base_channels": 8, "space": ""},
        "architecture": "8_8_6_4_2_8_4_2",
        "initial": str(tmp_path / "weights.safetensors"),
        "images": 10,
    }
