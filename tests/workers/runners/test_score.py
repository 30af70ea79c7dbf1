"""A scoring from its submission to its scores."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file, save_file

from search_service import jobs
from search_service.artifacts import Artifacts
from search_service.domain.event import EventKind
from search_service.domain.job import Job, JobState
from search_service.domain.score import SCORES
from search_service.domain.scoring import GeneratorSpec, ScoreSpec
from search_service.queue import open_wake_ups
from workers import zoo
from workers.checkpoint_uri import Checkpoint
from workers.evaluators import reference
from workers.evaluators.extractors import open_extractor
from workers.images.fashion_mnist import DEBIAN_FOLDER
from workers.scoring.pools import InlineShards
from workers.scoring.shards import ShardName
from workers.scoring.work import ScoreWork

needs_data = pytest.mark.skipif(
    not DEBIAN_FOLDER.exists(), reason="dataset-fashion-mnist is not installed"
)
STATISTICS = "reference/fashion-mnist-32.train.fashion-classifier.safetensors"


@pytest.fixture
def generator() -> GeneratorSpec:
    """The shipped supernet at a narrow, small architecture."""
    about = json.loads(zoo.path("anycost-fashion32/parameters.json").read_text())
    return GeneratorSpec(
        checkpoint=str(zoo.path("anycost-fashion32/weights.safetensors")),
        family=about["family"],
        parameters=about["parameters"],
        dataset=about["dataset"],
        architecture="8:64_64_32_32",
    )


def run(workplace: Any, **spec: Any) -> Job:
    job = jobs.submit("score", spec, storage=workplace.storage, wake_ups=open_wake_ups(None))
    workplace.driver.turn()
    ended: Job = workplace.storage.jobs.get(job.id)
    return ended


@pytest.fixture
def clothing(tmp_path: Path) -> Path:
    """200 pictures of noise in two brightnesses."""
    folder = tmp_path / "clothing"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for place in range(200):
        pixels = rng.integers(0, 128 + 127 * (place % 2), (32, 32), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{place:03}.png")
    return folder


def test_a_folder_is_scored_against_another(workplace: Any, clothing: Path) -> None:
    job = run(
        workplace,
        images=str(clothing),
        reference=str(clothing),
        metrics=list(SCORES),
    )
    assert (job.state, job.reason) == (JobState.SUCCEEDED, "")
    assert job.result is not None
    scores = job.result["scores"]
    assert list(scores) == list(SCORES)
    assert abs(scores["fid"]["value"]) < 1e-6  # a set against itself
    assert scores["precision"]["value"] == scores["recall"]["value"] == 1.0
    assert scores["coverage"]["value"] == 1.0
    assert scores["kid"]["value"] < 0
    assert scores["fid"]["limit"]["by"] == "split-half"
    assert [scores[name]["more_is_better"] for name in ("fid", "is")] == [False, True]
    protocol = scores["kid"]["protocol"]
    assert (protocol["samples"], protocol["reference_count"]) == (200, 200)
    assert protocol["resize"] == "none"
    artifacts = Artifacts(str(workplace.folder / "artifacts"))
    stored = json.loads(artifacts.get(job.result["artifacts"]["scores"]).content)
    assert stored == scores
    assert artifacts.get(job.result["artifacts"]["samples"]).media_type == "image/png"
    assert not (workplace.folder / "runs" / job.id).exists()


@needs_data
def test_a_generator_is_scored_as_a_search_would(workplace: Any, generator: GeneratorSpec) -> None:
    job = run(
        workplace, generator=asdict(generator), reference="fashion-mnist-32", samples=256, seed=0
    )
    assert job.state is JobState.SUCCEEDED, job.reason
    assert job.result is not None
    told = job.result["scores"]["fid"]
    assert told["protocol"]["reference_count"] == 60_000
    assert told["protocol"]["architecture"] == generator.architecture
    assert told["low"] < told["value"] < told["high"]
    events = workplace.storage.events.read(job.id)
    done = [e.data["done"] for e in events if e.kind is EventKind.PROGRESS]
    assert done[-1] == 256


def test_a_scoring_goes_on_saying_what_it_holds_while_it_looks_at_what_was_made(
    workplace: Any, clothing: Path
) -> None:
    said: list[str] = []

    class Talkative(InlineShards):
        def submit(self, name: ShardName) -> None:
            said.append(f"make {name.side}")
            super().submit(name)

        def rest(self) -> None:
            said.append("rest")

    def shards(spec: ScoreSpec, checkpoint: Checkpoint | None) -> Talkative:
        return Talkative(ScoreWork(spec=spec, read=checkpoint))

    workplace.machines.shards = shards
    assert run(workplace, images=str(clothing), reference=str(clothing)).state is JobState.SUCCEEDED
    real, fake = said.index("make real"), said.index("make fake")
    assert said[real + 1 : fake] == ["rest"] * 2  # for the statistics, and for the next shelf


def test_statistics_alone_serve_fid_and_nothing_that_needs_images(
    workplace: Any, clothing: Path
) -> None:
    file = str(zoo.path(STATISTICS))
    job = run(workplace, images=str(clothing), reference=file, metrics=["fid", "is"])
    assert job.state is JobState.SUCCEEDED, job.reason
    assert job.result is not None
    assert job.result["scores"]["fid"]["protocol"]["reference_count"] == 60_000


def test_statistics_of_another_extractor_fail_with_both_digests(
    workplace: Any, clothing: Path, tmp_path: Path
) -> None:
    weights = zoo.path("fashion-classifier/weights.safetensors")
    other = {name: np.asarray(tensor * 2) for name, tensor in load_file(weights).items()}
    save_file(other, tmp_path / "other.safetensors")
    mine = hashlib.sha256(weights.read_bytes()).hexdigest()
    stranger = open_extractor("fashion-classifier", tmp_path / "other.safetensors")
    known = reference.load(zoo.path(STATISTICS), open_extractor("fashion-classifier"))
    content = reference.encode(
        known.frechet.statistics, dataset="x", split="y", data_digest="", extractor=stranger
    )
    (tmp_path / "theirs.safetensors").write_bytes(content)
    job = run(workplace, images=str(clothing), reference=str(tmp_path / "theirs.safetensors"))
    assert job.state is JobState.FAILED
    assert stranger.digest in job.reason
    assert mine in job.reason


@needs_data
def test_images_with_nan_fail_the_job_with_that_word(
    workplace: Any, generator: GeneratorSpec, tmp_path: Path
) -> None:
    weights = load_file(generator.checkpoint)
    weights["input.input"] = np.full_like(weights["input.input"], np.nan)
    save_file(weights, tmp_path / "nan.safetensors")
    broken = asdict(generator) | {"checkpoint": str(tmp_path / "nan.safetensors")}
    job = run(workplace, generator=broken, reference="fashion-mnist-32", samples=256)
    assert job.state is JobState.FAILED
    assert "NaN" in job.reason


def test_too_few_images_fail_the_job(workplace: Any, clothing: Path) -> None:
    for path in sorted(clothing.iterdir())[20:]:
        path.unlink()
    job = run(workplace, images=str(clothing), reference=str(clothing))
    assert (job.state, job.reason) == (
        JobState.FAILED,
        "fid takes at least 32 samples, got 20",
    )


def test_colour_images_do_not_suit_an_extractor_of_grey_ones(
    workplace: Any, clothing: Path, tmp_path: Path
) -> None:
    colour = tmp_path / "colour"
    colour.mkdir()
    for place in range(40):
        Image.new("RGB", (32, 32), (place, 0, 0)).save(colour / f"{place}.png")
    job = run(workplace, images=str(colour), reference=str(clothing))
    assert job.state is JobState.FAILED
    assert "takes uint8 images of 1x32x32, got torch.uint8 of 3x32x32" in job.reason
