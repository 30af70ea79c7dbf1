import io
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
from search_service.domain.space import Architecture, SearchSpace, largest, smallest
from search_service.errors import (
    InvalidArchitecture,
    InvalidFile,
    InvalidInput,
    MeasurementFailed,
    UnknownName,
)
from workers import supernets
from workers.evaluation import ArchitectureEvaluator, Judging, load_supernet
from workers.evaluators.extractors.fashion_classifier import FashionFeatures
from workers.evaluators.latency import calibrate
from workers.evaluators.latents import latent_shard
from workers.images import grid, png, to_uint8, upsample

PARAMETERS = {
    "resolution": 32,
    "channel_multiplier": 0.03125,
    "style_dim": 16,
    "mapping_layers": 2,
    "image_channels": 1,
}


def weights_of(parameters: dict[str, float]) -> dict[str, NDArray[np.float32]]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        supernet = supernets.build("anycost", parameters)
    return {name: tensor.numpy() for name, tensor in supernet.state_dict().items()}


@pytest.fixture(scope="module")
def judging(tmp_path_factory: pytest.TempPathFactory) -> Judging:
    return Judging(
        dataset="fashion-mnist-32",
        feature_extractor="fashion-classifier",
        references=tmp_path_factory.mktemp("references"),
    )


@pytest.fixture(scope="module")
def evaluator(judging: Judging, lend: Callable[..., Any]) -> ArchitectureEvaluator:
    weights = lend(weights_of(PARAMETERS))
    return ArchitectureEvaluator(
        family="anycost", parameters=PARAMETERS, weights=weights, judging=judging
    )


@pytest.fixture
def architecture() -> str:
    return str(smallest(spaces.build("anycost", PARAMETERS)))


@pytest.fixture
def request_fid(evaluator: ArchitectureEvaluator, architecture: str) -> MeasurementRequest:
    protocol = Protocol(
        objective="fid", parameters={**evaluator.fid_protocol, "samples": 128, "seed": 0}
    )
    return MeasurementRequest(
        supernet="sup_1", supernet_digest="d", architecture=architecture, protocol=protocol
    )


def test_fid_comes_with_its_interval_samples_and_a_picture(
    evaluator: ArchitectureEvaluator, request_fid: MeasurementRequest
) -> None:
    found = evaluator.measure(request_fid)
    assert found.low < found.value < found.high
    assert found.samples == 128
    assert found.protocol == request_fid.protocol
    assert found.images_png is not None
    assert Image.open(io.BytesIO(found.images_png)).size == (128, 128)


@pytest.mark.parametrize("chosen", [smallest, largest])
@pytest.mark.parametrize("objective", ["fid", "feature_distance"])
def test_a_picture_shows_what_an_architecture_makes_of_the_latents_that_all_are_given(
    evaluator: ArchitectureEvaluator,
    request_fid: MeasurementRequest,
    chosen: Callable[[SearchSpace], Architecture],
    objective: str,
) -> None:
    """So two pictures of one supernet are of the same latents, image by image."""
    supernet = load_supernet("anycost", PARAMETERS, weights_of(PARAMETERS))
    architecture = chosen(supernet.space)
    with torch.inference_mode():
        images = supernet(latent_shard(0, 0, 16), architecture)
        expected = grid(to_uint8(upsample(images, 32))[:16].numpy(), 4)
    protocol = request_fid.protocol
    if objective != "fid":
        followed = evaluator.image_protocols["others"][objective]
        protocol = Protocol(objective=objective, parameters={**followed, "samples": 32, "seed": 0})
    found = evaluator.measure(
        replace(request_fid, architecture=str(architecture), protocol=protocol)
    )
    assert found.images_png == png(expected)


def test_a_candidate_that_climbs_has_the_value_it_would_have_had_at_once(
    evaluator: ArchitectureEvaluator, request_fid: MeasurementRequest, judging: Judging
) -> None:
    higher = replace(request_fid, protocol=request_fid.protocol.with_(samples=256))
    evaluator.measure(request_fid)
    climbed = evaluator.measure(higher)
    fresh = ArchitectureEvaluator(
        family="anycost", parameters=PARAMETERS, weights=weights_of(PARAMETERS), judging=judging
    )
    assert climbed.value == fresh.measure(higher).value


def test_latency_is_the_ratio_times_the_calibrated_reference(
    evaluator: ArchitectureEvaluator, request_fid: MeasurementRequest
) -> None:
    parameters = {**calibrate(), "rounds": 6, "reference_ms": 2.0}
    protocol = Protocol(objective="latency_ms", parameters=parameters)
    found = evaluator.measure(replace(request_fid, protocol=protocol, device="cpu"))
    assert found.device == "cpu"
    assert found.value == pytest.approx(2.0 * found.details["ratio"])
    assert found.low <= found.value <= found.high


def test_another_protocol_than_its_own_fails_the_measurement(
    evaluator: ArchitectureEvaluator, request_fid: MeasurementRequest
) -> None:
    other = request_fid.protocol.with_(extractor_digest="0" * 64)
    with pytest.raises(MeasurementFailed, match="the protocol says extractor_digest '0000"):
        evaluator.measure(replace(request_fid, protocol=other))


def test_weights_that_make_nan_fail_the_measurement(
    judging: Judging, request_fid: MeasurementRequest
) -> None:
    weights = weights_of(PARAMETERS)
    weights["input.input"] = np.full_like(weights["input.input"], np.nan)
    evaluator = ArchitectureEvaluator(
        family="anycost", parameters=PARAMETERS, weights=weights, judging=judging
    )
    with pytest.raises(MeasurementFailed, match="NaN or inf"):
        evaluator.measure(request_fid)


def test_an_objective_it_does_not_measure_is_named(
    evaluator: ArchitectureEvaluator, request_fid: MeasurementRequest
) -> None:
    protocol = Protocol(objective="macs", parameters={})
    with pytest.raises(
        UnknownName,
        match=r"measures 'macs'; known: fid, teacher_distance, .*kid, is_error, .*latency_ms",
    ):
        evaluator.measure(replace(request_fid, protocol=protocol))


def test_an_architecture_of_another_space_is_refused(
    evaluator: ArchitectureEvaluator, request_fid: MeasurementRequest
) -> None:
    with pytest.raises(InvalidArchitecture):
        evaluator.measure(replace(request_fid, architecture="64:1_2"))


def test_weights_of_another_size_are_refused_in_one_line(judging: Judging) -> None:
    weights = weights_of({**PARAMETERS, "style_dim": 8})
    with pytest.raises(InvalidFile, match=r"the checkpoint does not fit Anycost") as raised:
        ArchitectureEvaluator(
            family="anycost", parameters=PARAMETERS, weights=weights, judging=judging
        )
    assert "of another shape (" in str(raised.value)
    assert len(str(raised.value)) < 500
    assert "\n" not in str(raised.value)


def test_images_that_the_extractor_cannot_take_are_refused_at_once(judging: Judging) -> None:
    colour = {**PARAMETERS, "image_channels": 3}
    with pytest.raises(InvalidInput, match="takes uint8 images of 1x32x32"):
        ArchitectureEvaluator(
            family="anycost", parameters=colour, weights=weights_of(colour), judging=judging
        )


def test_no_inception_file_is_said_at_once(judging: Judging, tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="inception-2015-12-05"):
        ArchitectureEvaluator(
            family="anycost",
            parameters=PARAMETERS,
            weights=weights_of(PARAMETERS),
            judging=replace(judging, feature_extractor="inception"),
        )


@pytest.mark.parametrize(
    "name", ["kid", "is_error", "precision_error", "recall_error", "density_error"]
)
def test_scores_of_one_architecture_share_its_images_and_features(
    evaluator: ArchitectureEvaluator,
    request_fid: MeasurementRequest,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wider = replace(request_fid, protocol=request_fid.protocol.with_(samples=256))
    evaluator.measure(wider)
    made: list[int] = []
    monkeypatch.setattr(FashionFeatures, "__call__", lambda self, images: made.append(1))
    parameters = {**evaluator.image_protocols["others"][name], "samples": 256, "seed": 0}
    asked = replace(wider, protocol=Protocol(objective=name, parameters=parameters))
    found = evaluator.measure(asked)
    assert found.low <= found.value <= found.high
    assert not made
