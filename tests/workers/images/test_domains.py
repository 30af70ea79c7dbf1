import gzip
from pathlib import Path

import numpy as np
import pytest

from search_service.errors import UnknownName
from workers.images.domains import DOMAINS, domains
from workers.images.edges import edges


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fashion-MNIST's files with few distinct images: number i shows a square as bright as i."""
    path = tmp_path_factory.mktemp("fashion")
    for prefix, count in (("train", 60_000), ("t10k", 10_000)):
        images = np.zeros((count, 28, 28), np.uint8)
        images[:, 8:20, 8:20] = (np.arange(count) % 251)[:, None, None]
        labels = (np.arange(count) % 10).astype(np.uint8)
        for name, array in (("images-idx3", images), ("labels-idx1", labels)):
            header = bytes((0, 0, 8, array.ndim))
            header += b"".join(n.to_bytes(4, "big") for n in array.shape)
            content = gzip.compress(header + array.tobytes(), 1)
            (path / f"{prefix}-{name}-ubyte.gz").write_bytes(content)
    return path


def test_the_inputs_are_the_targets_edges(folder: Path) -> None:
    data = DOMAINS["fashion-mnist-edges"](folder, "search")
    assert data.paired
    assert data.inputs.shape == data.targets.shape == (5_000, 1, 32, 32)
    assert (data.inputs[:200, 0] == edges(data.targets[:200, 0])).all()


def test_search_images_come_from_the_training_set_and_are_not_trained_on(folder: Path) -> None:
    values = {
        split: DOMAINS["fashion-mnist-boots"](folder, split).targets[:, 0, 15, 15]
        for split in ("train", "search", "test")
    }
    everything = np.arange(60_000) % 251
    boots = np.arange(60_000) % 10 == 9
    searched = np.arange(60_000) % 12 == 11
    assert (values["train"] == everything[boots & ~searched]).all()
    assert (values["search"] == everything[boots & searched]).all()
    assert len(values["test"]) == 1_000


def test_sneakers_are_to_become_boots(folder: Path) -> None:
    data = DOMAINS["fashion-mnist-boots"](folder, "test")
    assert not data.paired
    assert (data.inputs[:5, 0, 15, 15] == np.array([7, 17, 27, 37, 47])).all()
    assert (data.targets[:5, 0, 15, 15] == np.array([9, 19, 29, 39, 49])).all()


def test_the_digest_tells_which_side_an_image_is_on() -> None:
    a, b = np.zeros((2, 1, 4, 4), np.uint8), np.ones((2, 1, 4, 4), np.uint8)
    assert domains(a, b, paired=True).digest == domains(a, b, paired=True).digest
    assert domains(a, b, paired=True).digest != domains(b, a, paired=True).digest


def test_an_unknown_split_is_refused(folder: Path) -> None:
    with pytest.raises(UnknownName, match="unknown split 'validation'"):
        DOMAINS["fashion-mnist-edges"](folder, "validation")
