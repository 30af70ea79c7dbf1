import gzip
from pathlib import Path

import numpy as np
import pytest

from search_service.errors import InvalidFile
from workers.images import read_fashion_mnist
from workers.images.fashion_mnist import DEBIAN_FOLDER


def write_idx(path: Path, array: np.ndarray) -> None:
    header = bytes((0, 0, 8, array.ndim)) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes(), 1))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a test split in which image i is filled with i modulo 251."""
    values = (np.arange(10_000) % 251).astype(np.uint8)
    write_idx(tmp_path / "t10k-images-idx3-ubyte.gz", np.tile(values[:, None, None], (1, 28, 28)))
    write_idx(tmp_path / "t10k-labels-idx1-ubyte.gz", values % 10)
    return tmp_path


def test_images_stand_in_file_order_within_a_border_of_two_zeros(folder: Path) -> None:
    real = read_fashion_mnist(folder, split="test")
    assert real.pixels.shape == (10_000, 32, 32)
    assert (real.pixels[7, 2:30, 2:30] == 7).all()
    assert real.pixels[7].sum() == 7 * 28 * 28
    assert real.labels[253] == 2


def test_the_digest_tells_data_apart(folder: Path) -> None:
    before = read_fashion_mnist(folder, split="test").digest
    assert read_fashion_mnist(folder, split="test").digest == before
    write_idx(folder / "t10k-labels-idx1-ubyte.gz", np.zeros(10_000, np.uint8))
    assert read_fashion_mnist(folder, split="test").digest != before


def test_a_missing_file_names_both_ways_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="dataset-fashion-mnist, or give the folder"):
        read_fashion_mnist(tmp_path)


def test_a_truncated_file_is_refused(folder: Path) -> None:
    path = folder / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InvalidFile, match="not a whole gzip file"):
        read_fashion_mnist(folder, split="test")


def test_a_file_that_is_not_gzip_is_refused(folder: Path) -> None:
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(b"labels")
    with pytest.raises(InvalidFile, match="not a whole gzip file"):
        read_fashion_mnist(folder, split="test")


@pytest.mark.parametrize("shape", [(9_999, 28, 28), (10_000, 28, 27), (10_000,)])
def test_another_count_or_size_is_refused(folder: Path, shape: tuple[int, ...]) -> None:
    write_idx(folder / "t10k-images-idx3-ubyte.gz", np.zeros(shape, np.uint8))
    with pytest.raises(InvalidFile, match="not an IDX file of 10000x28x28"):
        read_fashion_mnist(folder, split="test")


def test_missing_pixels_are_refused(folder: Path) -> None:
    path = folder / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-1], 1))
    with pytest.raises(InvalidFile, match="holds 7840015 bytes unpacked, not 7840016"):
        read_fashion_mnist(folder, split="test")


@pytest.mark.skipif(not DEBIAN_FOLDER.exists(), reason="dataset-fashion-mnist is not installed")
def test_debian_s_package_is_found_and_balanced() -> None:
    real = read_fashion_mnist()
    assert np.bincount(real.labels).tolist() == [6_000] * 10
    assert 60 < real.pixels[:, 2:30, 2:30].mean() < 80
