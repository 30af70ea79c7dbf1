"""The whole way from latents to a distance, against its bias in closed form.

Where features are Gaussian and the generator is as its data, the distance of N images to infinitely
many is c/N in the mean, c = 1.25 tr Σ + ½ Σᵢⱼ λᵢλⱼ/(λᵢ+λⱼ), λ the eigenvalues of Σ.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import Tensor

from search_service.domain.space import Architecture
from workers.evaluators import reference as references
from workers.evaluators.fid import FidEvaluator
from workers.evaluators.frechet import FrechetReference
from workers.evaluators.inputs import LatentInputs
from workers.evaluators.statistics import FeatureStatistics
from workers.scoring.extrapolation import split_half

SIDE = 4
SIZE = SIDE * SIDE
COUNT = 384
SPREADS = 0.25 / torch.sqrt(torch.arange(1, SIZE + 1))  # of pixels in [-1, 1]: none is ever clipped
ARCHITECTURE = Architecture(options=(), text="only")


class Pixels:
    """Features are the pixels themselves."""

    name, digest, size, classes = "pixels", "p" * 64, SIZE, 0
    facts = {"resize": "none"}  # noqa: RUF012

    def __call__(self, images: Tensor) -> Tensor:
        return images.flatten(1).float()

    def logits(self, features: Tensor) -> Tensor:
        raise NotImplementedError


def generator(z: Tensor, architecture: Architecture) -> Tensor:
    return (z * SPREADS).view(-1, 1, SIDE, SIDE)


@pytest.fixture
def evaluator(tmp_path: Path) -> FidEvaluator:
    """With the exact moments of infinitely many images, through the file that stores them."""
    variances = variances_of_levels()
    content = references.encode(
        FeatureStatistics(
            count=1_000_001,
            mean=np.full(SIZE, 127.5),  # the quantiser floors x·127.5 + 128
            scatter=np.diag(variances) * 1_000_000,
        ),
        dataset="gaussian",
        split="all",
        data_digest="",
        extractor=Pixels(),
    )
    (tmp_path / "moments.safetensors").write_bytes(content)
    return FidEvaluator(
        generator,
        inputs=LatentInputs(SIZE),
        side=SIDE,
        extractor=Pixels(),
        reference=references.load(tmp_path / "moments.safetensors", Pixels()),
    )


def variances_of_levels() -> np.ndarray:
    """With that of rounding to whole levels."""
    levels: np.ndarray = (SPREADS.double().numpy() * 127.5) ** 2 + 1 / 12
    return levels


def test_the_mean_distance_is_the_derived_bias(evaluator: FidEvaluator) -> None:
    spectrum = variances_of_levels()
    pairs = np.multiply.outer(spectrum, spectrum) / np.add.outer(spectrum, spectrum)
    expected = (1.25 * spectrum.sum() + 0.5 * pairs.sum()) / COUNT
    judged = [evaluator.measure(ARCHITECTURE, samples=COUNT, seed=seed) for seed in range(80)]
    found = np.array([each.estimate.value for each in judged])
    error = found.std(ddof=1) / np.sqrt(len(found))
    assert error < 0.03 * expected
    assert_allclose(found.mean(), expected, atol=3 * error + 0.02 * expected)
    covered = np.mean([each.estimate.low <= expected <= each.estimate.high for each in judged])
    assert covered >= 0.8


def test_split_halves_take_the_bias_away(evaluator: FidEvaluator) -> None:
    frechet = FrechetReference(
        statistics=FeatureStatistics(
            count=1_000_001,
            mean=np.full(SIZE, 127.5),
            scatter=np.diag(variances_of_levels()) * 1_000_000,
        )
    )
    judged = [evaluator.measure(ARCHITECTURE, samples=COUNT, seed=seed) for seed in range(80)]
    raw = np.mean([each.estimate.value for each in judged])
    rows = [each.judged.rows["features"][:COUNT] for each in judged]
    assert abs(np.mean([split_half(some, frechet) for some in rows])) < 0.15 * raw
