"""A generator whose inputs are images, judged on a user's folder of pairs."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from search_service import spaces
from search_service.domain.measurement import MeasurementRequest, Protocol
from search_service.domain.space import largest, smallest
from search_service.domain.teacher import SuppliedTeacher
from search_service.errors import InvalidFile, InvalidInput, MeasurementFailed
from search_service.spaces.gan_compression import GanCompressionSpace
from workers import supernets
from workers.checkpoints import save_weights
from workers.evaluation import ArchitectureEvaluator, Judging
from workers.supernets.gan_compression.resnet_generator import dense_teacher

PARAMETERS: dict[str, Any] = {
    "generator": "resnet",
    "base_channels": 8,
    "blocks": 3,
    "image_size": 32,
    "input_channels": 1,
    "output_channels": 1,
    "channels": [[4, 8]] * 8,
}
PAIRS = 340  # a tenth each for search and test: 34


def weights_of(parameters: dict[str, Any]) -> dict[str, NDArray[np.float32]]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        supernet = supernets.build("gan-compression", parameters)
    return {name: tensor.numpy() for name, tensor in supernet.state_dict().items()}


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pairs")
    rng = np.random.default_rng(0)
    for side in "AB":
        (folder / side).mkdir()
        for number in range(PAIRS):
            pixels = rng.integers(256, size=(32, 32), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / side / f"{number:04d}.png")
    return folder


@pytest.fixture(scope="module")
def judging(pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> Judging:
    return Judging(
        dataset="folder-of-pairs",
        feature_extractor="fashion-classifier",
        references=tmp_path_factory.mktemp("references"),
        data=pairs,
    )


@pytest.fixture(scope="module")
def evaluator(judging: Judging, lend: Callable[..., Any]) -> ArchitectureEvaluator:
    return ArchitectureEvaluator(
        family="gan-compression",
        parameters=PARAMETERS,
        weights=lend(weights_of(PARAMETERS)),
        judging=judging,
    )


@pytest.fixture
def request_fid(evaluator: ArchitectureEvaluator) -> MeasurementRequest:
    protocol = {name: v for name, v in evaluator.fid_protocol.items() if name != "final"}
    return MeasurementRequest(
        supernet="sup_1",
        supernet_digest="d",
        architecture=str(smallest(spaces.build("gan-compression", PARAMETERS))),
        protocol=Protocol(objective="fid", parameters={**protocol, "samples": 34, "seed": 0}),
    )


def test_the_search_and_the_last_word_have_inputs_of_their_own(
    evaluator: ArchitectureEvaluator,
) -> None:
    protocol = evaluator.fid_protocol
    assert protocol["inputs"] == "folder-of-pairs.search"
    assert protocol["final"]["inputs"] == "folder-of-pairs.test"
    assert protocol["final"]["inputs_digest"] != protocol["inputs_digest"]
    assert protocol["inputs_count"] == 34


def test_the_protocol_decides_which_inputs_are_taken(
    evaluator: ArchitectureEvaluator, request_fid: MeasurementRequest
) -> None:
    final = request_fid.protocol.with_(**evaluator.fid_protocol["final"])
    searched, last = (
        evaluator.measure(request).value
        for request in (request_fid, replace(request_fid, protocol=final))
    )
    assert searched != last
    assert evaluator.measure(request_fid).value == searched


def test_all_inputs_give_one_value_whatever_their_order(
    evaluator: ArchitectureEvaluator, request_fid: MeasurementRequest
) -> None:
    again = replace(request_fid, protocol=request_fid.protocol.with_(seed=7))
    assert evaluator.measure(again).value == pytest.approx(
        evaluator.measure(request_fid).value, rel=1e-6
    )


def test_inputs_of_another_version_of_the_folder_are_refused(
    evaluator: ArchitectureEvaluator, request_fid: MeasurementRequest
) -> None:
    other = replace(request_fid, protocol=request_fid.protocol.with_(inputs_digest="other"))
    with pytest.raises(MeasurementFailed, match="the protocol says inputs_digest 'other'"):
        evaluator.measure(other)


def test_images_of_another_size_are_refused_at_once(judging: Judging) -> None:
    larger = {**PARAMETERS, "image_size": 64}
    with pytest.raises(
        InvalidInput, match=r"takes images of .* \(1, 64, 64\), .* are \(1, 32, 32\)"
    ):
        ArchitectureEvaluator(
            family="gan-compression",
            parameters=larger,
            weights=weights_of(larger),
            judging=judging,
        )


def test_a_folder_that_is_not_there_is_named(judging: Judging, tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=str(tmp_path / "gone")):
        ArchitectureEvaluator(
            family="gan-compression",
            parameters=PARAMETERS,
            weights=weights_of(PARAMETERS),
            judging=replace(judging, data=tmp_path / "gone"),
        )


def test_a_supplied_teacher_takes_the_place_of_the_largest_architecture(
    evaluator: ArchitectureEvaluator, tmp_path: Path
) -> None:
    space = spaces.build("gan-compression", PARAMETERS)
    assert isinstance(space, GanCompressionSpace)
    network = dense_teacher(space.parameters)
    path = tmp_path / "teacher.safetensors"
    save_weights(network, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    about = SuppliedTeacher(checkpoint=str(path), base_channels=8, blocks=3, digest=digest)
    own = evaluator.image_protocols["others"]["teacher_distance"]
    protocol = Protocol(
        objective="teacher_distance",
        parameters={name: v for name, v in own.items() if name != "final"},
    ).with_(samples=34, seed=0)
    request = MeasurementRequest(
        supernet="sup_1",
        supernet_digest="d",
        architecture=str(largest(space)),
        protocol=protocol,
    )
    assert evaluator.measure(request).value == 0.0
    other = replace(request, protocol=protocol.with_(teacher=about.to_json()))
    measured = evaluator.measure(other)
    assert measured.value > 0.0
    assert measured.protocol.parameters["teacher"]["digest"] == digest
    assert evaluator.measure(request).value == 0.0

    last = replace(other, protocol=other.protocol.with_(**own["final"]))
    assert evaluator.measure(last).value != measured.value
    wrong = replace(about, base_channels=4).to_json()
    unfit = replace(request, protocol=protocol.with_(teacher=wrong))
    with pytest.raises(MeasurementFailed, match=r"the teacher cannot be used: .* does not fit"):
        evaluator.measure(unfit)
