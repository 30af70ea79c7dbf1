import io

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from search_service.domain.space import Architecture
from search_service.errors import InvalidInput, MeasurementFailed
from workers.evaluators.extractors import FeatureExtractor
from workers.evaluators.fid import FidEvaluator
from workers.evaluators.frechet import features_to_distance
from workers.evaluators.inputs import LatentInputs
from workers.evaluators.latents import latent_shard
from workers.evaluators.reference import Reference
from workers.images import to_uint8, upsample


@pytest.mark.parametrize("first", [128, 200])
def test_continuing_gives_the_same_bits_as_starting_anew(
    evaluator: FidEvaluator, large: Architecture, first: int
) -> None:
    begun = evaluator.measure(large, samples=first, seed=1)
    continued = evaluator.measure(large, samples=500, seed=1, judged=begun.judged)
    assert continued.estimate == evaluator.measure(large, samples=500, seed=1).estimate
    assert continued.png == begun.png


def test_continuing_makes_only_the_images_that_are_missing(
    evaluator: FidEvaluator, supernet: nn.Module, large: Architecture
) -> None:
    begun = evaluator.measure(large, samples=256, seed=1)
    assert supernet.made == 256
    evaluator.measure(large, samples=384, seed=1, judged=begun.judged)
    assert supernet.made == 384


def test_fewer_samples_than_known_are_a_prefix(
    evaluator: FidEvaluator, large: Architecture
) -> None:
    known = evaluator.measure(large, samples=256, seed=1).judged
    again = evaluator.measure(large, samples=128, seed=1, judged=known)
    assert again.estimate == evaluator.measure(large, samples=128, seed=1).estimate


def test_the_value_is_the_distance_of_the_quantised_full_size_images(
    evaluator: FidEvaluator,
    supernet: nn.Module,
    extractor: FeatureExtractor,
    reference: Reference,
    small: Architecture,
) -> None:
    result = evaluator.measure(small, samples=128, seed=3)
    images = supernet(latent_shard(3, 0, 4), small)
    assert images.shape == (128, 1, 8, 8)
    features = extractor(to_uint8(upsample(images, 32))).numpy()
    expected = features_to_distance(features, reference.frechet)
    assert result.estimate.value == pytest.approx(expected, rel=1e-9)
    assert result.estimate.low < expected < result.estimate.high


def test_another_seed_is_another_sample(evaluator: FidEvaluator, large: Architecture) -> None:
    one, two = (evaluator.measure(large, samples=128, seed=seed).estimate for seed in (1, 2))
    assert one.value != two.value


def test_the_picture_is_a_four_by_four_grid_of_the_first_images(
    evaluator: FidEvaluator, supernet: nn.Module, large: Architecture
) -> None:
    picture = np.asarray(Image.open(io.BytesIO(evaluator.measure(large, samples=32, seed=1).png)))
    assert picture.shape == (128, 128)
    expected = to_uint8(supernet(latent_shard(1, 0, 4)[:6], large))
    assert (picture[32:64, 32:64] == expected[5, 0].numpy()).all()


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_an_image_that_is_not_finite_fails_the_architecture(
    extractor: FeatureExtractor, reference: Reference, large: Architecture, bad: float
) -> None:
    def generator(z: Tensor, architecture: Architecture) -> Tensor:
        images = torch.zeros(len(z), 1, 32, 32)
        images[7, 0, 3, 3] = bad
        return images

    evaluator = FidEvaluator(
        generator, inputs=LatentInputs(4), side=32, extractor=extractor, reference=reference
    )
    with pytest.raises(
        MeasurementFailed, match=r"architecture 32:0.5 makes images with NaN or inf"
    ):
        evaluator.measure(large, samples=128, seed=0)


def test_too_few_samples_are_refused(evaluator: FidEvaluator, large: Architecture) -> None:
    with pytest.raises(InvalidInput, match="fid takes at least 32 samples, got 31"):
        evaluator.measure(large, samples=31, seed=0)


def test_the_protocol_names_everything_a_value_depends_on(
    evaluator: FidEvaluator, extractor: FeatureExtractor, reference: Reference
) -> None:
    assert evaluator.protocol == {
        "extractor": "fashion-classifier",
        "extractor_digest": extractor.digest,
        "resize": "none",
        "range": "x/127.5-1",
        "covariance": "n-1",
        "reference": "fashion-mnist-32.train",
        "reference_count": 60_000,
        "reference_digest": reference.digest,
        "latents": "normal-shards-128",
        "side": 32,
        "upsampling": "bilinear-half-pixel",
        "quantiser": "floor(127.5x+128)",
        "interval": "jackknife-16",
        "differences": "bootstrap-128",
    }
