from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from search_service.errors import InvalidFile, InvalidInput
from workers import zoo
from workers.evaluators.extractors import FeatureExtractor
from workers.evaluators.real_features import (
    COUNT,
    chosen,
    compute,
    encode,
    find_or_compute,
    load,
)
from workers.images import DATASETS
from workers.images.fashion_mnist import DEBIAN_FOLDER

SHIPPED = "reference/fashion-mnist-32.train.fashion-classifier.features.safetensors"
needs_data = pytest.mark.skipif(
    not DEBIAN_FOLDER.exists(), reason="dataset-fashion-mnist is not installed"
)


def stored(tmp_path: Path, extractor: FeatureExtractor, **changes: object) -> Path:
    rows = np.random.default_rng(0).random((20, 64), np.float32)
    path = tmp_path / "x.features.safetensors"
    path.write_bytes(encode(rows, name="some.train", data_digest="0", extractor=extractor))
    return path


def test_a_few_thousand_images_are_chosen_once_for_all() -> None:
    assert len(chosen(60_000)) == COUNT
    assert (chosen(60_000) == chosen(60_000)).all()
    assert (np.diff(chosen(60_000)) > 0).all()
    assert chosen(7).tolist() == [0, 1, 2, 3, 4, 5, 6]


@needs_data
def test_the_shipped_ones_are_features_of_training_images(extractor: FeatureExtractor) -> None:
    shipped = load(zoo.path(SHIPPED), extractor)
    assert shipped.name == "fashion-mnist-32.train"
    images = DATASETS["fashion-mnist-32"](None, "train").images
    some = compute(images[chosen(len(images))][:16], extractor)
    np.testing.assert_allclose(shipped.features[:16], some, atol=1e-4)


def test_those_of_another_extractor_are_refused_with_both_digests(
    tmp_path: Path, extractor: FeatureExtractor
) -> None:
    class Other:
        name, size, digest = "fashion-classifier", 64, "0" * 64

    path = stored(tmp_path, extractor)
    with pytest.raises(InvalidFile, match=f"{extractor.digest}, but .* {'0' * 64}"):
        load(path, Other())  # type: ignore[arg-type]  # it is refused before it is used


def test_files_that_are_damaged_or_of_another_kind_are_refused(
    tmp_path: Path, extractor: FeatureExtractor
) -> None:
    path = stored(tmp_path, extractor)
    (tmp_path / "short").write_bytes(path.read_bytes()[:-8])
    with pytest.raises(InvalidFile, match="cannot read real features"):
        load(tmp_path / "short", extractor)
    safetensors.numpy.save_file({"features": np.zeros((20, 64))}, tmp_path / "other")
    with pytest.raises(InvalidFile, match="is of format None"):
        load(tmp_path / "other", extractor)
    narrow = encode(np.zeros((20, 3), np.float32), name="s", data_digest="", extractor=extractor)
    (tmp_path / "narrow").write_bytes(narrow)
    with pytest.raises(InvalidFile, match=r"holds \(20, 3\), not features of 64"):
        load(tmp_path / "narrow", extractor)


def test_too_few_images_are_refused(extractor: FeatureExtractor) -> None:
    with pytest.raises(InvalidInput, match="there are 15 real images, at least 16"):
        compute(np.zeros((15, 1, 32, 32), np.uint8), extractor)


def test_the_shipped_ones_serve_without_the_data(
    tmp_path: Path, extractor: FeatureExtractor
) -> None:
    folders = (zoo.folder() / "reference", tmp_path)
    found = find_or_compute(
        "fashion-mnist-32", "train", extractor, folders=folders, data=tmp_path / "nowhere"
    )
    assert found.features.shape == (COUNT, 64)
    assert not list(tmp_path.iterdir())
