from typing import Any

import pytest
import torch
from torch import nn

from search_service.domain.space import Architecture
from search_service.errors import InvalidInput
from workers.evaluators import judge as judging
from workers.evaluators.extractors import FeatureExtractor
from workers.evaluators.fid import Fid
from workers.evaluators.image_maker import ImageMaker
from workers.evaluators.inputs import LatentInputs
from workers.evaluators.judge import ImageJudge
from workers.evaluators.reference import Reference
from workers.evaluators.teacher_distance import TeacherDistance

NAMES = ("fid", "teacher_distance")


@pytest.fixture
def judge(
    supernet: nn.Module, extractor: FeatureExtractor, reference: Reference, small: Architecture
) -> ImageJudge:
    maker = ImageMaker(supernet, inputs=LatentInputs(4), side=32)
    return ImageJudge(maker, [Fid(extractor, reference), TeacherDistance(maker, small)])


def test_one_generation_serves_every_objective(
    judge: ImageJudge, supernet: Any, large: Architecture
) -> None:
    judge.measure("teacher_distance", large, samples=256, seed=1)
    before = supernet.made
    first = judge.measure("fid", large, samples=256, seed=1)
    assert supernet.made == before + 256
    judge.measure("teacher_distance", large, samples=256, seed=1, judged=first.judged)
    assert supernet.made == before + 256


@pytest.mark.parametrize("kept", [0, 2 * 128 * 32 * 32, 1 << 30])
@pytest.mark.parametrize("first", NAMES)
def test_no_objective_depends_on_what_was_judged_before_or_kept(
    judge: ImageJudge,
    large: Architecture,
    first: str,
    kept: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    anew = {name: judge.measure(name, large, samples=400, seed=1).estimate for name in NAMES}
    monkeypatch.setattr(judging, "KEPT_BYTES", kept)
    judged = judge.measure(first, large, samples=300, seed=1).judged
    for name in NAMES:
        result = judge.measure(name, large, samples=400, seed=1, judged=judged)
        judged = result.judged
        assert result.estimate == anew[name]


def test_a_handful_of_samples_is_enough_for_some(judge: ImageJudge, large: Architecture) -> None:
    assert judge.measure("teacher_distance", large, samples=8, seed=0).samples == 8
    with pytest.raises(InvalidInput, match="teacher_distance takes at least 8 samples, got 7"):
        judge.measure("teacher_distance", large, samples=7, seed=0)


def test_images_wider_than_high_are_judged_as_they_are() -> None:
    maker = ImageMaker(
        lambda z, architecture: torch.zeros(len(z), 3, 4, 8), inputs=LatentInputs(4), side=8
    )
    assert maker.shard(Architecture(options=(), text=""), 0, 0).shape == (128, 3, 4, 8)
