"""Generator, feature network and whatever else looks at images elsewhere than on the CPU.

One that is as strict about where tensors are as a GPU finds what the CPU finds, and so does a GPU
where there is one, but for rounding.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from search_service import spaces
from search_service.domain.measurement import Measurement, MeasurementRequest, Protocol
from search_service.domain.space import smallest
from tests.support.elsewhere import ELSEWHERE, Elsewhere
from workers import supernets
from workers.evaluation import ArchitectureEvaluator, Judging
from workers.evaluators.extractors import EXTRACTORS
from workers.evaluators.latency import calibrate
from workers.evaluators.placement import CPU, placement_for

Build = Callable[[torch.device], ArchitectureEvaluator]

SAMPLES = 32
OBJECTIVES = ("fid", "feature_distance", "teacher_distance")  # of all, with so few images
FAMILIES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "latents with classes": (
        "anycost",
        {
            "resolution": 32,
            "channel_multiplier": 1 / 32,
            "style_dim": 16,
            "image_channels": 1,
            "classes": 10,
        },
    ),
    "images": (
        "gan-compression",
        {
            "base_channels": 4,
            "image_size": 32,
            "input_channels": 1,
            "output_channels": 1,
        },
    ),
    "label maps": (
        "gan-compression",
        {
            "generator": "spade",
            "base_channels": 4,
            "image_size": 64,
            "aspect_ratio": 2.0,
            "input_channels": 3,
            "output_channels": 3,
            "channels": [[2, 4]] * 8,
        },
    ),
}


class Shares:
    """Six features of any image: how much of it lies in each of as many blocks of levels."""

    name = "shares"
    digest = "0" * 64
    size = 6
    classes = 0
    facts: Mapping[str, Any] = {}

    def __init__(self, placement: torch.device) -> None:
        self._ends = torch.linspace(0, 256, self.size + 1).to(placement)

    def logits(self, features: Tensor) -> Tensor:
        raise NotImplementedError

    def __call__(self, images: Tensor) -> Tensor:
        levels = images.to(self._ends.device).flatten(1).float()[:, :, None]
        within = (levels >= self._ends[:-1]) & (levels < self._ends[1:])
        return within.float().mean(1).cpu()


@EXTRACTORS.register(Shares.name)
def open_shares(file: Path | None, placement: torch.device) -> Shares:
    return Shares(placement)


def images(folder: Path, count: int, size: tuple[int, ...], levels: int) -> None:
    rng = np.random.default_rng(len(folder.name) + levels)
    folder.mkdir()
    for number in range(count):
        pixels = rng.integers(levels, size=size, dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:03d}.png")


@pytest.fixture(params=FAMILIES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def build(kind: str, tmp_path: Path) -> Build:
    """An evaluator somewhere, the same everywhere."""
    data = tmp_path / "data"
    family, parameters = FAMILIES[kind]
    data.mkdir()
    if kind == "images":
        images(data / "A", 320, (32, 32), 256)
        images(data / "B", 320, (32, 32), 256)
    if kind == "label maps":
        images(data / "A", 320, (32, 64), 3)
        images(data / "B", 320, (32, 64, 3), 256)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        supernet = supernets.build(family, parameters)
    weights = {name: tensor.numpy() for name, tensor in supernet.state_dict().items()}
    judging = Judging(
        dataset={"images": "folder-of-pairs", "label maps": "folder-of-maps"}.get(
            kind, "fashion-mnist-32"
        ),
        feature_extractor=Shares.name if kind == "label maps" else "fashion-classifier",
        references=tmp_path / "references",
        data=data if any(data.iterdir()) else None,
    )

    def built(placement: torch.device) -> ArchitectureEvaluator:
        return ArchitectureEvaluator(
            family=family,
            parameters=parameters,
            weights=weights,
            judging=judging,
            placement=placement,
        )

    return built


def asked(kind: str, name: str, **parameters: Any) -> MeasurementRequest:
    return MeasurementRequest(
        supernet="sup_1",
        supernet_digest="d",
        architecture=str(smallest(spaces.build(*FAMILIES[kind]))),
        protocol=Protocol(objective=name, parameters=parameters),
    )


def judged(evaluator: ArchitectureEvaluator, kind: str, name: str) -> Measurement:
    followed = evaluator.image_protocols["others"].get(name, evaluator.fid_protocol)
    protocol = {fact: value for fact, value in followed.items() if fact != "final"}
    return evaluator.measure(asked(kind, name, **protocol, samples=SAMPLES, seed=0))


def test_where_it_is_computed_changes_neither_values_nor_protocols(build: Build, kind: str) -> None:
    here = build(CPU)
    with Elsewhere() as elsewhere:
        there = build(ELSEWHERE)
        assert there.image_protocols == here.image_protocols
        for name in OBJECTIVES:
            before = elsewhere.operations
            found, expected = judged(there, kind, name), judged(here, kind, name)
            assert elsewhere.operations > before
            assert found.value == pytest.approx(expected.value, rel=1e-4)
            assert found.protocol == expected.protocol


def test_latency_is_of_the_cpu_wherever_images_are_made(build: Build, kind: str) -> None:
    """Inputs are made on the CPU, so another placement is told from it by what it is given."""
    with Elsewhere():
        there = build(ELSEWHERE)
        timed = asked(kind, "latency_ms", **calibrate(), rounds=6)
        assert there.measure(timed).value > 0


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device here")
def test_a_gpu_finds_what_the_cpu_finds_but_for_rounding(build: Build, kind: str) -> None:
    here, there = build(CPU), build(placement_for([0]))
    assert there.image_protocols == here.image_protocols
    for name in OBJECTIVES:
        assert judged(there, kind, name).value == pytest.approx(
            judged(here, kind, name).value, rel=1e-3
        )
