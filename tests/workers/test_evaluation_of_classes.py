"""A generator with classes: judged by all of them, and searched."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from search_service import spaces
from search_service.domain.job import JobState
from search_service.domain.measurement import MeasurementRequest, Protocol
from search_service.domain.space import smallest
from search_service.errors import InvalidInput
from search_service.pools import InlinePool
from workers import supernets
from workers.checkpoints import save_weights
from workers.evaluation import ArchitectureEvaluator, Judging
from workers.evaluators.latency import calibrate
from workers.pool.spec import EvaluatorSpec
from workers.supernets.anycost import AnycostSupernet


def parameters(classes: int) -> dict[str, Any]:
    return {
        "resolution": 32,
        "channel_multiplier": 0.015625,
        "style_dim": 16,
        "mapping_layers": 2,
        "image_channels": 1,
        "classes": classes,
    }


def network(classes: int) -> AnycostSupernet:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        built = supernets.build("anycost", parameters(classes))
    assert isinstance(built, AnycostSupernet)
    return built


def evaluator_of(supernet: AnycostSupernet, references: Path) -> ArchitectureEvaluator:
    return ArchitectureEvaluator(
        family="anycost",
        parameters=parameters(supernet.classes),
        weights={name: tensor.numpy() for name, tensor in supernet.state_dict().items()},
        judging=Judging(
            dataset="fashion-mnist-32",
            feature_extractor="fashion-classifier",
            references=references,
        ),
    )


def fid_request(evaluator: ArchitectureEvaluator) -> MeasurementRequest:
    asked = {**evaluator.fid_protocol, "samples": 256, "seed": 0}
    return MeasurementRequest(
        supernet="sup_1",
        supernet_digest="d",
        architecture=str(smallest(spaces.build("anycost", parameters(10)))),
        protocol=Protocol(objective="fid", parameters=asked),
    )


def test_every_class_is_judged_under_a_protocol_that_says_so(tmp_path: Path) -> None:
    supernet = network(10)
    evaluator = evaluator_of(supernet, tmp_path)
    assert evaluator.fid_protocol["classes"] == 10
    assert "labels" in evaluator.fid_protocol
    before = evaluator.measure(fid_request(evaluator)).value
    with torch.no_grad():
        supernet.embed.weight[:, 3] += 1.0  # of one class alone
    other = evaluator_of(supernet, tmp_path)
    assert other.measure(fid_request(other)).value != before


def test_a_subnet_with_classes_is_timed(tmp_path: Path) -> None:
    evaluator = evaluator_of(network(10), tmp_path)
    asked = Protocol(
        objective="latency_ms", parameters={**calibrate(), "rounds": 6, "reference_ms": 2.0}
    )
    found = evaluator.measure(replace(fid_request(evaluator), protocol=asked, device="cpu"))
    assert found.low <= found.value <= found.high


def test_another_number_of_classes_than_the_data_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="has 7 classes, fashion-mnist-32 has 10"):
        evaluator_of(network(7), tmp_path)


class EvaluatingPool(InlinePool):
    """Measures in the calling thread, for real."""

    def __init__(self, spec: EvaluatorSpec, *, check: Callable[[], None]) -> None:
        check()
        evaluator = ArchitectureEvaluator(
            family=spec.family,
            parameters=spec.parameters,
            weights=spec.weights,
            judging=spec.judging,
        )
        super().__init__(evaluator.measure)
        self.image_protocols: Mapping[str, Any] = evaluator.image_protocols

    def rest(self) -> None:
        """See SupernetPool."""

    def close(self) -> None:
        """See SupernetPool."""


def test_a_generator_of_own_classes_is_searched(
    workplace: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    for label, count in (("rare", 20), ("usual", 60)):
        (tmp_path / "images" / label).mkdir(parents=True)
        for i in range(count):
            pixels = rng.integers(256, size=(32, 32), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "images" / label / f"{i:02d}.png")
    save_weights(network(2), tmp_path / "net.safetensors")
    monkeypatch.setattr(workplace.machines, "pool", EvaluatingPool)
    driver = workplace.hire("with a real pool")
    supernet = workplace.register(
        parameters=parameters(2),
        checkpoint=str(tmp_path / "net.safetensors"),
        dataset=f"folder-per-label:{tmp_path / 'images'}",
    )
    driver.turn()
    settled = workplace.storage.supernets.get(supernet.id)
    assert settled.protocol.get("classes") == 2, settled.reason
    job = workplace.submit(budget={"evaluations": 4}, seed=1)
    driver.turn()
    assert workplace.storage.jobs.get(job.id).state is JobState.SUCCEEDED
    front = workplace.storage.evaluations.front_of(job.id)
    assert front
    assert all(e.values["fid"].value > 0 for e in front)
    space = spaces.build("anycost", parameters(2))
    assert all(e.values["macs"].value == space.macs(space.parse(e.architecture)) for e in front)
