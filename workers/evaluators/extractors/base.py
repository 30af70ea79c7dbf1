"""What a feature extractor is, and the table of them."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from search_service.errors import InvalidFile
from search_service.registry import Registry


class FeatureExtractor(Protocol):
    """Images to features, the same on every call; both are on the CPU, wherever it runs. Not safe
    to share between threads."""

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

    @property
    def classes(self) -> int:
        """How many classes its own classifier tells apart; 0 where there is none."""
        ...

    @property
    def facts(self) -> Mapping[str, Any]:
        """What is done to images before the network sees them, as protocols say it."""
        ...

    def logits(self, features: Tensor) -> Tensor:
        """Features (n, d) to what its classifier says of them, (n, classes)."""
        ...

    def __call__(self, images: Tensor) -> Tensor:
        """uint8 (n, c, h, w) to float32 (n, d). Raises InvalidInput for shapes it cannot take."""
        ...


# Each opens an extractor from a file, to run where it is told; None means the shipped file, where
# there is one.
EXTRACTORS: Registry[Callable[[Path | None, torch.device], FeatureExtractor]] = Registry(
    "feature extractor"
)


def read_weights(path: Path, wanted: str) -> tuple[bytes, str]:
    """The file's content and its SHA-256; raises InvalidFile, saying what is `wanted`."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidFile(f"cannot read {path} ({error.strerror}); {wanted}") from error
    return content, hashlib.sha256(content).hexdigest()
