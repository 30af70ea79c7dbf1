"""A generator that paints label maps, judged on a user's folder of them."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from search_service import spaces
from search_service.domain.measurement import MeasurementRequest, Protocol
from search_service.domain.space import Architecture, largest, smallest
from search_service.domain.supernet import Supernet
from search_service.errors import InvalidFile, InvalidInput, UnknownName
from workers import supernets
from workers.evaluation import ArchitectureEvaluator, Judging
from workers.evaluators.extractors import EXTRACTORS
from workers.images import from_uint8, to_uint8
from workers.images.maps import folder_of_maps
from workers.images.one_hot import one_hot
from workers.supernets.gan_compression.spade import SpadeSupernet
from workers.supernets.gan_compression.spade_calibration import calibrated

CLASSES = 3
PARAMETERS: dict[str, Any] = {
    "generator": "spade",
    "base_channels": 4,
    "image_size": 64,
    "aspect_ratio": 2.0,
    "input_channels": CLASSES + 1,
    "channels": [[2, 4]] * 8,
}
SPACE = spaces.build("gan-compression", PARAMETERS)
MAPS = 320  # a tenth each for search and test
CHEAP = ("mse", "dssim", "miou_error", "teacher_distance")


class Thumbnail:
    """Six features: the mean of each colour in the left and in the right half."""

    name = "thumbnail"
    digest = "0" * 64
    size = 6
    classes = 0
    facts: Mapping[str, Any] = {}

    def logits(self, features: Tensor) -> Tensor:
        raise NotImplementedError

    def __call__(self, images: Tensor) -> Tensor:
        return torch.cat([half.float().mean((2, 3)) for half in images.chunk(2, dim=3)], 1)


@EXTRACTORS.register(Thumbnail.name)
def open_thumbnail(file: Path | None, placement: torch.device) -> Thumbnail:
    return Thumbnail()


class Brightness(nn.Module):
    """Sees dark, middle and light."""

    def forward(self, images: Tensor) -> Tensor:
        level = images.float().mean(dim=1, keepdim=True)
        return torch.cat([-level, -(level - 127.0).abs(), level - 255.0], 1)


def weights_of(parameters: dict[str, Any]) -> dict[str, NDArray[np.float32]]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        supernet = supernets.build("gan-compression", parameters)
    for tensor in supernet.state_dict().values():
        if tensor.dim() > 1:
            tensor.mul_(30.0)  # so that images are not nearly grey
    return {name: tensor.numpy() for name, tensor in supernet.state_dict().items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("maps")
    rng = np.random.default_rng(0)
    for side in ("A", "B", "instances"):
        (folder / side).mkdir()
    for number in range(MAPS):
        labels = rng.integers(CLASSES, size=(4, 8), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
        photograph = np.stack([labels * 127] * 3, 2) // 2 + rng.integers(9, dtype=np.uint8)
        Image.fromarray(labels).save(folder / "A" / f"{number:03d}.png")
        Image.fromarray(photograph).save(folder / "B" / f"{number:03d}.png")
        Image.fromarray(labels.astype(np.uint16)).save(folder / "instances" / f"{number:03d}.png")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        script = torch.jit.script(Brightness())
        script.save(str(folder / "segmentation.pt"))  # type: ignore[no-untyped-call]
    return folder


@pytest.fixture(scope="module")
def judging(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Judging:
    return Judging(
        dataset="folder-of-maps",
        feature_extractor="thumbnail",
        references=tmp_path_factory.mktemp("references"),
        data=folder,
    )


def build(
    judging: Judging,
    parameters: dict[str, Any] = PARAMETERS,
    lend: Callable[..., Any] = dict,
) -> ArchitectureEvaluator:
    return ArchitectureEvaluator(
        family="gan-compression",
        parameters=parameters,
        weights=lend(weights_of(parameters)),
        judging=judging,
    )


@pytest.fixture(scope="module")
def evaluator(judging: Judging, lend: Callable[..., Any]) -> ArchitectureEvaluator:
    return build(judging, lend=lend)


def request(
    evaluator: ArchitectureEvaluator,
    name: str,
    architecture: Architecture,
    *,
    samples: int = 32,
    final: bool = False,
) -> MeasurementRequest:
    """As a search asks."""
    supernet = Supernet(
        id="sup_1",
        name="painter",
        family="gan-compression",
        parameters=PARAMETERS,
        checkpoint="",
        dataset="folder-of-maps",
        feature_extractor="thumbnail",
        protocol=evaluator.image_protocols,
        created_at=None,  # type: ignore[arg-type]  # nobody asks
    )
    protocol = Protocol(objective=name, parameters=supernet.judging(name, final=final))
    return MeasurementRequest(
        supernet="sup_1",
        supernet_digest="d",
        architecture=str(architecture),
        protocol=protocol.with_(samples=samples, seed=0),
    )


@pytest.mark.parametrize("name", ["fid", *CHEAP])
def test_a_subnet_is_judged_on_both_splits(evaluator: ArchitectureEvaluator, name: str) -> None:
    searched, last = (
        evaluator.measure(request(evaluator, name, smallest(SPACE), final=final))
        for final in (False, True)
    )
    assert searched.value != last.value
    assert searched.protocol.parameters["inputs"] == "folder-of-maps.search"
    assert last.protocol.parameters["inputs"] == "folder-of-maps.test"
    for found in (searched, last):
        assert found.low <= found.value <= found.high
        assert len(found.details["replicates"]) == (128 if name == "fid" else 16)
        assert found.images_png is not None


def test_a_handful_of_maps_tells_cheap_objectives(evaluator: ArchitectureEvaluator) -> None:
    for name in CHEAP:
        assert evaluator.measure(request(evaluator, name, smallest(SPACE), samples=8)).samples == 8
    with pytest.raises(InvalidInput, match="fid takes at least 32"):
        evaluator.measure(request(evaluator, "fid", smallest(SPACE), samples=8))


def test_the_error_is_that_of_the_calibrated_subnet_on_its_maps(
    evaluator: ArchitectureEvaluator, folder: Path
) -> None:
    found = evaluator.measure(request(evaluator, "mse", smallest(SPACE)))
    supernet = supernets.build("gan-compression", PARAMETERS)
    assert isinstance(supernet, SpadeSupernet)
    weights = weights_of(PARAMETERS)
    supernet.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    training, held = (folder_of_maps(folder, split) for split in ("train", "search"))
    order = np.random.default_rng(0).permutation(len(training.maps))
    fixed = one_hot(torch.from_numpy(training.maps[order[:256]]), CLASSES + 1)
    subnet = calibrated(supernet.eval(), smallest(SPACE), torch.split(fixed, 16))
    with torch.inference_mode():
        images = subnet(one_hot(torch.from_numpy(held.maps), CLASSES + 1))
    levels = (from_uint8(to_uint8(images)) + 1) / 2
    truth = torch.from_numpy(held.photographs) / 255
    assert found.value == pytest.approx(float((levels - truth).square().mean()), rel=1e-3)


def test_the_protocol_says_how_statistics_are_measured(evaluator: ArchitectureEvaluator) -> None:
    protocol = evaluator.image_protocols
    assert protocol["calibration"] == "averaged"
    assert protocol["calibration_maps"] == "folder-of-maps.train, first 256 by seed 0"
    assert protocol["calibration_digest"] not in ("", protocol["inputs_digest"])
    assert {*CHEAP, "kid", "recall_error", "feature_distance"} <= set(protocol["others"])
    assert protocol["impossible"].keys() == {
        "is_error",
        "perceptual_distance",
        "fid_own_resolution",
    }
    assert protocol["impossible"]["is_error"] == "thumbnail has no classes"
    assert "no perceptual.pt in its folder" in protocol["impossible"]["perceptual_distance"]
    teacher = protocol["others"]["teacher_distance"]["teacher"]
    assert teacher == str(largest(SPACE))


def test_without_a_segmentation_network_miou_is_refused(judging: Judging, folder: Path) -> None:
    network = folder / "segmentation.pt"
    hidden = network.rename(folder / "hidden.pt")
    try:
        evaluator = build(judging)
    finally:
        hidden.rename(network)
    assert (
        "no segmentation.pt in its folder" in evaluator.image_protocols["impossible"]["miou_error"]
    )
    with pytest.raises(InvalidInput, match=r"judged by miou_error: no segmentation\.pt"):
        request(evaluator, "miou_error", smallest(SPACE))


def test_a_broken_segmentation_network_is_said_at_once(judging: Judging, folder: Path) -> None:
    network = folder / "segmentation.pt"
    content = network.read_bytes()
    network.write_bytes(b"broken")
    try:
        with pytest.raises(InvalidFile, match=r"segmentation\.pt is not TorchScript"):
            build(judging)
    finally:
        network.write_bytes(content)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"input_channels": CLASSES}, "holds label 2, but the supernet's 3 input channels"),
        ({"aspect_ratio": 1.0}, r"takes maps of \(height, width\) \(64, 64\), .* are \(32, 64\)"),
    ],
)
def test_maps_of_another_kind_are_refused_at_once(
    judging: Judging, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        build(judging, PARAMETERS | changes)


def test_photographs_are_no_maps(judging: Judging) -> None:
    with pytest.raises(UnknownName, match="unknown dataset of label maps 'folder-of-pairs'"):
        build(replace(judging, dataset="folder-of-pairs"))
