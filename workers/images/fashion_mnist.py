"""Fashion-MNIST: 70,000 real photographs of clothing, read from its IDX files.

Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms (Xiao et al.,
2017).
"""

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search_service.errors import InvalidFile

DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
SIDE = 32  # 28 and a border of two zeros: a side that is a power of two
CLASSES = (
    "T-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)
FILES = {"train": ("train", 60_000), "test": ("t10k", 10_000)}  # split: file prefix, images


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledImages:
    """Grey images uint8 (n, 32, 32), their classes 0..9, and the SHA-256 of both."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    digest: str


def read_fashion_mnist(folder: Path | None = None, *, split: str = "train") -> LabelledImages:
    """All images of `split` ("train" or "test") in file order, 28x28 padded to 32x32 with zeros.

    Without a folder it looks where Debian's package puts the data. Raises InvalidFile when a file
    is missing, truncated, or not what its name says.
    """
    folder = DEBIAN_FOLDER if folder is None else folder
    prefix, count = FILES[split]
    small = _read_idx(folder / f"{prefix}-images-idx3-ubyte.gz", (count, 28, 28))
    labels = _read_idx(folder / f"{prefix}-labels-idx1-ubyte.gz", (count,))
    pixels = np.pad(small, ((0, 0), (2, 2), (2, 2)))
    digest = hashlib.sha256(pixels.tobytes() + labels.tobytes()).hexdigest()
    return LabelledImages(pixels=pixels, labels=labels, digest=digest)


def _read_idx(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The uint8 array of a gzipped IDX file, which must have exactly this shape."""
    try:
        content = gzip.decompress(path.read_bytes())
    except FileNotFoundError as error:
        raise InvalidFile(
            f"no Fashion-MNIST at {path}: install Debian's package dataset-fashion-mnist, "
            "or give the folder that holds its four idx-ubyte.gz files"
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidFile(f"{path} is not a whole gzip file: {error}") from error
    # Big-endian: two zero bytes, the type (8: uint8), the number of axes, then each axis' length.
    header = bytes((0, 0, 8, len(shape))) + b"".join(n.to_bytes(4, "big") for n in shape)
    if content[: len(header)] != header:
        raise InvalidFile(f"{path} is not an IDX file of {'x'.join(map(str, shape))} bytes")
    expected = len(header) + int(np.prod(shape))
    if len(content) != expected:
        raise InvalidFile(f"{path} holds {len(content)} bytes unpacked, not {expected}")
    return np.frombuffer(content, np.uint8, offset=len(header)).reshape(shape).copy()  # writable
