from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from search_service.domain.space import Architecture, architecture_at, indices_of, largest
from workers import supernets
from workers.evaluators.consistency import Consistency, feature_distance, perceptual_distance
from workers.evaluators.extractors import FeatureExtractor
from workers.evaluators.image_maker import ImageMaker
from workers.evaluators.inputs import LatentInputs
from workers.evaluators.judge import ImageJudge
from workers.evaluators.perceiver import open_perceiver
from workers.images import UPSAMPLING
from workers.supernets.anycost import AnycostSupernet

NAMES = ["feature_distance", "perceptual_distance"]
PARAMETERS = {
    "resolution": 32,
    "channel_multiplier": 1 / 128,
    "style_dim": 4,
    "mapping_layers": 1,
    "image_channels": 1,
}

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")


def judge_of(
    supernet: nn.Module, full: Architecture, extractor: FeatureExtractor, network: Path
) -> ImageJudge:
    maker = ImageMaker(supernet, inputs=LatentInputs(4), side=32)
    perceiver = open_perceiver(network, (1, 32, 32))
    objectives: list[Consistency] = [
        feature_distance(maker, full, extractor),
        perceptual_distance(maker, full, perceiver),
    ]
    return ImageJudge(maker, objectives)


@pytest.fixture
def judge(
    supernet: nn.Module, large: Architecture, extractor: FeatureExtractor, edges: Path
) -> ImageJudge:
    return judge_of(supernet, large, extractor, edges)


@pytest.mark.parametrize("name", NAMES)
def test_the_full_generator_is_no_distance_from_itself(
    judge: ImageJudge, large: Architecture, name: str
) -> None:
    estimate = judge.measure(name, large, samples=8, seed=0).estimate
    assert (estimate.value, estimate.low, estimate.high) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("name", NAMES)
def test_the_less_like_the_full_generator_the_farther(judge: ImageJudge, name: str) -> None:
    subnets = [Architecture(options=(32, c), text=f"32:{c}") for c in (0.45, 0.3, 0.1)]
    near, middle, far = (judge.measure(name, s, samples=16, seed=1).estimate.value for s in subnets)
    assert 0 < near < middle < far


@pytest.mark.parametrize("name", NAMES)
def test_a_preview_is_compared_at_the_full_side(
    judge: ImageJudge, small: Architecture, name: str
) -> None:
    assert judge.measure(name, small, samples=8, seed=0).estimate.value > 0
    protocol = judge.protocol(name)
    assert (protocol["side"], protocol["upsampling"], protocol["teacher"]) == (
        32,
        UPSAMPLING,
        "32:0.5",
    )


def test_each_protocol_pins_its_network(judge: ImageJudge, extractor: FeatureExtractor) -> None:
    feature, perceptual = (judge.protocol(name) for name in NAMES)
    assert feature["extractor_digest"] == extractor.digest
    assert len(perceptual["perceptual_digest"]) == 64


def test_the_feature_distance_is_that_of_the_extractor_s_features(
    judge: ImageJudge, supernet: nn.Module, large: Architecture, extractor: FeatureExtractor
) -> None:
    fainter = Architecture(options=(32, 0.2), text="32:0.2")
    maker = ImageMaker(supernet, inputs=LatentInputs(4), side=32)
    seen: list[NDArray[np.float64]] = [
        extractor(maker.shard(a, 5, 0)).double().numpy() for a in (fainter, large)
    ]
    expected = ((seen[0] - seen[1]) ** 2).mean(1)[:40].mean()
    found = judge.measure("feature_distance", fainter, samples=40, seed=5).estimate.value
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_the_full_generator_runs_once(judge: ImageJudge, supernet: nn.Module, name: str) -> None:
    for number in range(3):
        subnet = Architecture(options=(32, number), text=f"32:{number}")
        judge.measure(name, subnet, samples=8, seed=0)
    assert supernet.made == (3 + 1) * 128


@pytest.mark.parametrize("name", NAMES)
def test_a_search_over_an_anycost_supernet_goes_to_the_full_generator(
    extractor: FeatureExtractor, edges: Path, name: str
) -> None:
    torch.manual_seed(0)
    supernet = supernets.build("anycost", PARAMETERS)
    assert isinstance(supernet, AnycostSupernet)
    space, rng = supernet.space, np.random.default_rng(0)
    full = largest(space)
    judge = judge_of(supernet, full, extractor, edges)

    def value(architecture: Architecture) -> float:
        return judge.measure(name, architecture, samples=16, seed=0).estimate.value

    best = space.uniform(0.5)
    start = least = value(best)
    for _ in range(25):
        index = list(indices_of(space, best))
        entry = int(rng.integers(len(index)))
        index[entry] = int(rng.integers(len(space.choices[entry].options)))
        candidate = architecture_at(space, index)
        distance = value(candidate)
        assert (distance == 0) == (candidate == full)
        if distance < least:
            best, least = candidate, distance
    assert least < start / 2
