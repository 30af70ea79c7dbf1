from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from search_service.domain.scoring import ReferenceKind, ReferenceSource
from search_service.errors import InvalidFile
from workers.evaluators.extractors import FeatureExtractor, open_extractor
from workers.evaluators.frechet import features_to_distance
from workers.scoring.references import open_images, open_statistics


@pytest.fixture
def extractor() -> FeatureExtractor:
    return open_extractor("fashion-classifier")


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("fashion-mnist-32", ("dataset", "fashion-mnist-32", "train", "")),
        ("fashion-mnist-32.test", ("dataset", "fashion-mnist-32", "test", "")),
        ("two-folders.search:/my/data", ("dataset", "two-folders", "search", "/my/data")),
        ("/my/images.v2", ("folder", "", "train", "/my/images.v2")),
        ("/my/stats.npz", ("file", "", "train", "/my/stats.npz")),
    ],
)
def test_a_text_names_a_reference(text: str, source: tuple[str, str, str, str]) -> None:
    kind, dataset, split, path = source
    assert ReferenceSource.parse(text) == ReferenceSource(
        kind=ReferenceKind(kind), dataset=dataset, split=split, path=path
    )


def test_a_folder_of_images_is_all_of_it(pictures: Path) -> None:
    found = open_images(ReferenceSource.parse(str(pictures)))
    assert found is not None
    assert found.pixels.shape == (40, 1, 32, 32)
    (pictures / "000.png").unlink()
    other = open_images(ReferenceSource.parse(str(pictures)))
    assert other is not None
    assert other.digest != found.digest


def test_the_moments_of_common_programs_give_the_same_distance(
    tmp_path: Path, extractor: FeatureExtractor
) -> None:
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(500, 64)), rng.normal(0.2, 1.1, (50, 64))
    np.savez(tmp_path / "x.npz", mu=real.mean(0), sigma=np.cov(real, rowvar=False))
    found = open_statistics(tmp_path / "x.npz", extractor)
    expected = np.linalg.norm(real.mean(0) - fake.mean(0)) ** 2
    covariances = [np.cov(rows, rowvar=False) for rows in (real, fake)]
    roots = np.sqrt(np.linalg.eigvals(covariances[0] @ covariances[1]).real.clip(min=0)).sum()
    expected += sum(map(np.trace, covariances)) - 2 * roots
    assert_allclose(features_to_distance(fake, found.frechet), expected, rtol=1e-5)


def test_moments_of_another_size_or_without_a_name_are_refused(
    tmp_path: Path, extractor: FeatureExtractor
) -> None:
    np.savez(tmp_path / "wide.npz", mu=np.zeros(2048), sigma=np.eye(2048, dtype=np.float32))
    with pytest.raises(InvalidFile, match=r"mu \(2048,\).*not statistics of the 64 features"):
        open_statistics(tmp_path / "wide.npz", extractor)
    np.savez(tmp_path / "other.npz", mean=np.zeros(64))
    with pytest.raises(InvalidFile, match="holds no mu and sigma"):
        open_statistics(tmp_path / "other.npz", extractor)
