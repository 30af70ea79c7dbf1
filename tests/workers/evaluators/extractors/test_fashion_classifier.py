from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.testing import assert_close

from search_service.errors import InvalidFile, InvalidInput
from workers import zoo
from workers.evaluators.extractors import open_extractor
from workers.evaluators.fashion_classifier import FashionClassifier
from workers.images import from_uint8, read_fashion_mnist
from workers.images.fashion_mnist import DEBIAN_FOLDER

WEIGHTS = zoo.path("fashion-classifier/weights.safetensors")
NOISE = torch.randint(0, 256, (5, 1, 32, 32), generator=torch.Generator().manual_seed(0)).byte()


def test_features_are_the_classifier_s_own_with_its_norms_folded() -> None:
    classifier = FashionClassifier().eval()
    classifier.load_state_dict(load_file(WEIGHTS))
    features = open_extractor("fashion-classifier")(NOISE)
    assert features.shape == (5, 64)
    assert_close(features, classifier.features(from_uint8(NOISE)).detach(), rtol=1e-4, atol=1e-5)


def test_features_of_an_image_do_not_depend_on_its_batch() -> None:
    extractor = open_extractor("fashion-classifier")
    assert_close(extractor(NOISE)[3:4], extractor(NOISE[3:4]), rtol=1e-4, atol=1e-5)


@pytest.mark.skipif(not DEBIAN_FOLDER.exists(), reason="dataset-fashion-mnist is not installed")
def test_the_shipped_classifier_is_right_on_92_percent_of_the_test_images() -> None:
    real = read_fashion_mnist(split="test")
    extractor = open_extractor("fashion-classifier")
    classifier = FashionClassifier().eval()
    classifier.load_state_dict(load_file(WEIGHTS))
    images = torch.from_numpy(real.pixels)[:, None]
    features = torch.cat([extractor(batch) for batch in torch.split(images, 500)])
    guesses = classifier.head(features.clone()).argmax(1)
    assert (guesses == torch.from_numpy(real.labels)).float().mean() >= 0.92


@pytest.mark.parametrize("shape", [(2, 3, 32, 32), (2, 1, 28, 28)])
def test_images_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInput, match=r"takes uint8 images of 1x32x32, got torch\.uint8 of"):
        open_extractor("fashion-classifier")(torch.zeros(shape, dtype=torch.uint8))


def test_float_images_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"got torch\.float32"):
        open_extractor("fashion-classifier")(torch.zeros(1, 1, 32, 32))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"cannot read .*absent"):
        open_extractor("fashion-classifier", tmp_path / "absent")


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "short"
    path.write_bytes(WEIGHTS.read_bytes()[:-10])
    with pytest.raises(InvalidFile, match="does not hold the fashion classifier"):
        open_extractor("fashion-classifier", path)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(3)}, tmp_path / "other")
    with pytest.raises(InvalidFile, match="does not hold the fashion classifier"):
        open_extractor("fashion-classifier", tmp_path / "other")
