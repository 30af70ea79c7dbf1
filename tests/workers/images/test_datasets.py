from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from PIL import Image

from search_service.errors import InvalidFile, UnknownName
from workers.images import DATASETS, class_shares
from workers.images.fashion_mnist import DEBIAN_FOLDER, read_fashion_mnist


@pytest.mark.skipif(not DEBIAN_FOLDER.exists(), reason="dataset-fashion-mnist is not installed")
def test_a_balanced_set_is_as_balanced_as_is_said_of_it() -> None:
    read = DATASETS["fashion-mnist-32"](None, "test")
    counted = np.bincount(read.labels) / len(read.labels)
    assert_allclose(class_shares("fashion-mnist-32", None, "test"), counted)
    assert len(read.classes) == len(counted)
    assert read.images.shape == (10_000, 1, 32, 32)
    assert read.digest == read_fashion_mnist(split="test").digest


def test_a_balanced_set_need_not_be_there(tmp_path: Path) -> None:
    assert class_shares("fashion-mnist-32", tmp_path / "none", "train").tolist() == [0.1] * 10


def test_the_shares_of_a_folder_are_counted(tmp_path: Path) -> None:
    for label, count in (("rare", 10), ("usual", 30)):
        (tmp_path / label).mkdir()
        for i in range(count):
            Image.new("L", (8, 8)).save(tmp_path / label / f"{i:02d}.png")
    assert class_shares("folder-per-label", tmp_path, "train").tolist() == [0.25, 0.75]


def test_a_folder_must_be_said() -> None:
    with pytest.raises(InvalidFile, match="say which folder: it must hold a subfolder per label"):
        class_shares("folder-per-label", None, "train")


def test_a_set_without_labels_has_no_shares() -> None:
    with pytest.raises(UnknownName, match="fashion-mnist-edges"):
        class_shares("fashion-mnist-edges", None, "train")
