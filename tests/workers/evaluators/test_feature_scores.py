"""Every score by every law that they share."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import Tensor

from search_service.domain.objective import OBJECTIVES
from search_service.domain.score import SCORES
from search_service.domain.space import Architecture
from workers.evaluators.bootstrap import REPLICATES
from workers.evaluators.feature_objective import FeatureObjective
from workers.evaluators.feature_scores import ESTIMATORS, Against
from workers.evaluators.frechet import FrechetReference
from workers.evaluators.jackknife import BLOCKS
from workers.evaluators.real_features import RealFeatures
from workers.evaluators.statistics import features_to_statistics

COUNT, SIZE = 320, 6


class FirstThree:
    """An extractor whose classes are three of its features."""

    name, digest, size, classes = "first-three", "d" * 64, SIZE, 3
    facts = {"resize": "none"}  # noqa: RUF012

    def __call__(self, images: Tensor) -> Tensor:
        return images.float().flatten(1)[:, :SIZE]

    def logits(self, features: Tensor) -> Tensor:
        return features[:, :3]


def drawn(seed: int, count: int = COUNT, shift: float = 0.0) -> Any:
    return np.random.default_rng(seed).normal(shift, 1.0, (count, SIZE)).astype(np.float32)


@pytest.fixture(scope="module")
def against() -> Against:
    real = drawn(0, 400)
    return Against(
        extractor=FirstThree(),
        frechet=FrechetReference(statistics=features_to_statistics(real)),
        real=RealFeatures(features=real, name="normal.train", digest="r" * 64),
    )


def test_every_score_has_its_estimator_and_its_objective() -> None:
    assert set(ESTIMATORS) == set(SCORES)
    for score in SCORES.values():
        assert OBJECTIVES[score.objective].min_samples == score.min_samples


@pytest.mark.parametrize("name", SCORES)
def test_an_estimate_lies_in_its_interval_and_has_its_replicates(
    name: str, against: Against
) -> None:
    found = ESTIMATORS[name].estimate(drawn(1), against)
    assert found.low <= found.value <= found.high
    assert len(found.replicates) == (REPLICATES if name == "fid" else BLOCKS)


@pytest.mark.parametrize("name", [n for n in SCORES if n != "fid"])
def test_replicates_are_the_score_of_what_a_block_leaves(name: str, against: Against) -> None:
    features = drawn(2)
    found = ESTIMATORS[name].estimate(features, against)
    blocks = np.array_split(features, BLOCKS)
    for place in (0, 7, BLOCKS - 1):
        rest = np.concatenate(blocks[:place] + blocks[place + 1 :])
        alone = ESTIMATORS[name].estimate(rest, against)
        assert_allclose(found.replicates[place], alone.value, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", [n for n in SCORES if n != "is"])
def test_the_direction_is_the_one_the_table_says(name: str, against: Against) -> None:
    near, far = (ESTIMATORS[name].estimate(drawn(3, shift=shift), against) for shift in (0.0, 3.0))
    assert (near.low > far.high) if SCORES[name].more_is_better else (near.high < far.low)


def test_more_variety_is_a_higher_inception_score(against: Against) -> None:
    features = drawn(4) * 5
    same = features.copy()
    same[:, :3] = features[0, :3]
    varied, dull = (ESTIMATORS["is"].estimate(f, against) for f in (features, same))
    assert dull.value == pytest.approx(1.0)
    assert 1.5 < varied.value <= 3.0


def test_kid_may_be_negative_and_so_may_its_interval(against: Against) -> None:
    values = [ESTIMATORS["kid"].estimate(drawn(seed), against) for seed in range(5, 15)]
    assert any(found.value < 0 for found in values)
    assert sum(found.low < 0 for found in values) >= 8


@pytest.mark.parametrize("name", SCORES)
def test_intervals_hold_the_mean_of_repeated_estimates(name: str, against: Against) -> None:
    found = [ESTIMATORS[name].estimate(drawn(100 + seed), against) for seed in range(30)]
    truth = np.mean([each.value for each in found])
    covered = sum(each.low <= truth <= each.high for each in found)
    assert covered >= 25


@pytest.mark.parametrize(
    ("name", "share"), [("precision", 1.0), ("recall", 1.0), ("coverage", 1.0), ("is", 3.0)]
)
def test_an_objective_is_what_is_missing(name: str, share: float, against: Against) -> None:
    features = drawn(1)
    score = ESTIMATORS[name].estimate(features, against)
    objective = FeatureObjective(name, against)
    found = objective.estimate(features, Architecture(options=(), text="any"))
    assert_allclose(found.value, 1 - score.value / share)
    assert_allclose((found.low, found.high), (1 - score.high / share, 1 - score.low / share))
    assert_allclose(found.replicates, 1 - np.array(score.replicates) / share)


def test_protocols_tell_extractor_resize_reference_and_count(against: Against) -> None:
    assert FeatureObjective("kid", against).facts == {
        "extractor": "first-three",
        "extractor_digest": "d" * 64,
        "resize": "none",
        "kernel": "(x·y/d+1)^3",
        "interval": "jackknife-16",
        "reference": "normal.train",
        "reference_count": 400,
        "reference_digest": "r" * 64,
    }
    assert "reference" not in FeatureObjective("is", against).facts


def test_rows_are_the_extractors_features(against: Against) -> None:
    images = torch.arange(2 * 9, dtype=torch.uint8).view(2, 1, 3, 3)
    rows = FeatureObjective("kid", against).rows(images, seed=0, index=0)
    assert rows.tolist() == [[0, 1, 2, 3, 4, 5], [9, 10, 11, 12, 13, 14]]
