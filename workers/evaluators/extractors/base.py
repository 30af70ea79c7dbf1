"""What a feature extractor is, and the table of them."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from torch import Tensor

from search_service.errors import InvalidFile
from search_service.registry import Registry


class FeatureExtractor(Protocol):
    """Images to features, the same on every call. Not safe to share between threads."""

    @property
    def name(self) -> str:
        """The name under which it is registered."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 of its weights' file: features of different digests are never compared."""
        ...

    @property
    def size(self) -> int:
        """d, the length of a feature vector."""
        ...

    def __call__(self, images: Tensor) -> Tensor:
        """uint8 (n, c, h, w) to float32 (n, d). Raises InvalidInput for shapes it cannot take."""
        ...


# Each opens an extractor from a file; None means the shipped one, where there is one.
EXTRACTORS: Registry[Callable[[Path | None], FeatureExtractor]] = Registry("feature extractor")


def read_weights(path: Path, wanted: str) -> tuple[bytes, str]:
    """The file's content and its SHA-256; raises InvalidFile, saying what is `wanted`."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidFile(f"cannot read {path} ({error.strerror}); {wanted}") from error
    return content, hashlib.sha256(content).hexdigest()
