"""A scoring is checked at submit: what is scored, against what, and by what."""

from pathlib import Path
from typing import Any

import pytest

from search_service import jobs
from search_service.domain.job import JobKind
from search_service.errors import InvalidInput
from search_service.queue import PollingWakeUps
from search_service.storage import MemoryStorage

GENERATOR = {
    "family": "anycost",
    "parameters": {"resolution": 32, "channel_multiplier": 0.0625, "image_channels": 1},
    "dataset": "fashion-mnist-32",
}


@pytest.fixture
def spec(tmp_path: Path) -> dict[str, Any]:
    """Of a folder against a data set."""
    (tmp_path / "images").mkdir()
    (tmp_path / "moments.npz").touch()
    return {"images": str(tmp_path / "images"), "reference": "fashion-mnist-32.test"}


def submit(spec: dict[str, Any]) -> Any:
    return jobs.submit("score", spec, storage=MemoryStorage(), wake_ups=PollingWakeUps())


def test_defaults_are_written_out(spec: dict[str, Any]) -> None:
    job = submit(spec | {"metrics": ["fid", "recall"]})
    assert job.kind is JobKind.SCORE
    assert job.spec == spec | {
        "metrics": ["fid", "recall"],
        "feature_extractor": "fashion-classifier",
        "generator": None,
        "samples": 10_000,
        "seed": 1,
    }


@pytest.mark.parametrize(
    ("changes", "pointer", "said"),
    [
        ({"metrics": ["beauty"]}, "/spec/metrics/0", "unknown metric 'beauty'; known: fid, kid"),
        ({"metrics": ["fid", "fid"]}, "/spec/metrics/1", "named twice"),
        ({"metrics": []}, "/spec/metrics", "at least one"),
        ({"samples": 31}, "/spec/samples", "fid takes at least 32 samples, got 31"),
        ({"seed": -1}, "/spec/seed", "seed"),
        ({"feature_extractor": "eyes"}, "/spec/feature_extractor", "unknown feature_extractor"),
        ({"feature_extractor": "inception:/no"}, "/spec/feature_extractor", "no file at '/no'"),
        ({"reference": "/nowhere"}, "/spec/reference", "no folder at '/nowhere'"),
        ({"reference": "/nowhere.npz"}, "/spec/reference", "no file at '/nowhere.npz'"),
        ({"reference": "two-folders"}, "/spec/reference", "unknown dataset"),
        ({"images": ""}, "/spec/images", "either images or generator"),
        ({"images": "/nowhere"}, "/spec/images", "no folder at '/nowhere'"),
        ({"generator": GENERATOR | {"checkpoint": "x"}}, "/spec/images", "either"),
    ],
)
def test_what_is_wrong_is_pointed_at(
    spec: dict[str, Any], changes: dict[str, Any], pointer: str, said: str
) -> None:
    with pytest.raises(InvalidInput, match=said) as raised:
        submit(spec | changes)
    assert raised.value.pointer == pointer


def test_moments_cannot_serve_what_needs_images(spec: dict[str, Any], tmp_path: Path) -> None:
    reference = str(tmp_path / "moments.npz")
    submit(spec | {"reference": reference, "metrics": ["fid", "is"]})
    with pytest.raises(InvalidInput, match="kid needs real images") as raised:
        submit(spec | {"reference": reference, "metrics": ["fid", "kid"]})
    assert raised.value.pointer == "/spec/reference"


@pytest.mark.parametrize(
    ("changes", "pointer", "said"),
    [
        ({"family": "biggan"}, "/spec/generator/family", "biggan"),
        ({"checkpoint": "/no.pth"}, "/spec/generator/checkpoint", "cannot read"),
        ({"dataset": "faces"}, "/spec/generator/dataset", "unknown dataset"),
        ({"architecture": "64:1"}, "/spec/generator/architecture", "64"),
    ],
)
def test_what_is_wrong_with_a_generator_is_pointed_at(
    tmp_path: Path, changes: dict[str, Any], pointer: str, said: str
) -> None:
    (tmp_path / "w.pth").write_bytes(b"PK\x03\x04....")
    generator = GENERATOR | {"checkpoint": str(tmp_path / "w.pth")} | changes
    with pytest.raises(InvalidInput, match=said) as raised:
        submit({"generator": generator, "reference": "fashion-mnist-32"})
    assert raised.value.pointer == pointer
