from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from numpy.testing import assert_allclose
from PIL import Image
from torch import Tensor

from search_service.errors import InvalidFile, UnknownName
from workers.evaluators.extractors import FeatureExtractor
from workers.evaluators.reference import Reference, encode, file_name, find_or_compute, load
from workers.evaluators.statistics import features_to_statistics
from workers.images.fashion_mnist import DEBIAN_FOLDER


class OtherWeights:
    """The same extractor with a digest of its own."""

    name, size, digest = "fashion-classifier", 64, "0" * 64

    def __init__(self, extractor: FeatureExtractor) -> None:
        self.classes, self.facts, self.logits = extractor.classes, extractor.facts, extractor.logits
        self._extractor = extractor

    def __call__(self, images: Tensor) -> Tensor:
        return self._extractor(images)


def test_the_shipped_statistics_are_those_of_the_training_images(reference: Reference) -> None:
    assert (reference.dataset, reference.split) == ("fashion-mnist-32", "train")
    assert reference.frechet.statistics.count == 60_000
    root = reference.frechet.root
    assert_allclose(root @ root.T, reference.frechet.statistics.covariance, atol=1e-12)


def test_statistics_of_another_extractor_are_refused_with_both_digests(
    reference_file: Path, extractor: FeatureExtractor
) -> None:
    with pytest.raises(InvalidFile, match=f"{extractor.digest}, but .* {'0' * 64}"):
        load(reference_file, OtherWeights(extractor))


def test_a_damaged_file_is_refused(
    tmp_path: Path, reference_file: Path, extractor: FeatureExtractor
) -> None:
    (tmp_path / "short").write_bytes(reference_file.read_bytes()[:-8])
    with pytest.raises(InvalidFile, match="cannot read reference statistics"):
        load(tmp_path / "short", extractor)


def test_a_file_of_another_format_is_refused(tmp_path: Path, extractor: FeatureExtractor) -> None:
    safetensors.numpy.save_file({"mean": np.zeros(64)}, tmp_path / "other")
    with pytest.raises(InvalidFile, match="is of format None"):
        load(tmp_path / "other", extractor)


def test_the_first_folder_that_has_them_is_read(
    tmp_path: Path, reference_file: Path, extractor: FeatureExtractor, reference: Reference
) -> None:
    found = find_or_compute(
        "fashion-mnist-32", "train", extractor, folders=(reference_file.parent, tmp_path)
    )
    assert found.digest == reference.digest
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not DEBIAN_FOLDER.exists(), reason="dataset-fashion-mnist is not installed")
def test_what_is_missing_is_computed_once_and_stored(
    tmp_path: Path, extractor: FeatureExtractor
) -> None:
    first = find_or_compute("fashion-mnist-32", "test", extractor, folders=(tmp_path,))
    assert first.frechet.statistics.count == 10_000
    (stored,) = tmp_path.iterdir()
    nowhere = tmp_path / "nowhere"
    again = find_or_compute(
        "fashion-mnist-32", "test", extractor, folders=(tmp_path,), data=nowhere
    )
    assert again.digest == first.digest
    assert stored.name == "fashion-mnist-32.test.fashion-classifier.safetensors"


def test_without_statistics_and_without_data_it_says_how_to_get_the_data(
    tmp_path: Path, extractor: FeatureExtractor
) -> None:
    with pytest.raises(InvalidFile, match="install Debian's package"):
        find_or_compute("fashion-mnist-32", "train", extractor, folders=(tmp_path,), data=tmp_path)


def test_a_folder_per_label_is_told_apart_by_its_content(
    tmp_path: Path, extractor: FeatureExtractor
) -> None:
    rng = np.random.default_rng(0)
    for label in ("cats", "dogs"):
        (tmp_path / "data" / label).mkdir(parents=True)
        for i in range(10):
            pixels = rng.integers(256, size=(32, 32), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "data" / label / f"{i}.png")

    def statistics() -> Reference:
        folders = (tmp_path / "references",)
        return find_or_compute(
            "folder-per-label", "train", extractor, folders=folders, data=tmp_path / "data"
        )

    first = statistics()
    assert first.frechet.statistics.count == 16
    Image.new("L", (32, 32)).save(tmp_path / "data" / "dogs" / "0.png")
    assert statistics().data_digest != first.data_digest
    assert len(list((tmp_path / "references").iterdir())) == 2


def test_statistics_of_other_data_than_they_stand_for_are_refused(
    tmp_path: Path, reference_file: Path, extractor: FeatureExtractor, reference: Reference
) -> None:
    renamed = tmp_path / "fashion-mnist-32.test.fashion-classifier.safetensors"
    renamed.write_bytes(reference_file.read_bytes())
    with pytest.raises(
        InvalidFile, match=rf"is of fashion-mnist-32\.train \(data {reference.data_digest}\), not"
    ):
        find_or_compute("fashion-mnist-32", "test", extractor, folders=(tmp_path,))


def test_statistics_of_another_folders_images_are_refused_with_both_digests(
    tmp_path: Path, extractor: FeatureExtractor
) -> None:
    rng = np.random.default_rng(0)
    for side in "AB":
        (tmp_path / "data" / side).mkdir(parents=True)
        for i in range(10):
            pixels = rng.integers(256, size=(32, 32), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "data" / side / f"{i}.png")
    name = file_name("two-folders", "train", extractor.name, tmp_path / "data")
    content = encode(
        features_to_statistics(rng.random((20, 64))),
        dataset="two-folders",
        split="train",
        data_digest="f" * 64,
        extractor=extractor,
    )
    (tmp_path / name).write_bytes(content)
    with pytest.raises(
        InvalidFile, match=f"made from data {'f' * 64}, but .* holds [0-9a-f]{{64}}"
    ):
        find_or_compute(
            "two-folders", "train", extractor, folders=(tmp_path,), data=tmp_path / "data"
        )


def test_an_unknown_data_set_lists_the_known_ones(
    tmp_path: Path, extractor: FeatureExtractor
) -> None:
    with pytest.raises(UnknownName, match=r"unknown dataset 'faces'; known: fashion-mnist-32"):
        find_or_compute("faces", "train", extractor, folders=(tmp_path,))
