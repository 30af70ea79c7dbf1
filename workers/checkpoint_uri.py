"""A registered checkpoint at its URI: its digest, and its weights as arrays."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import fsspec
from numpy.typing import NDArray
from torch import Tensor

from search_service import catalog
from search_service.errors import InvalidFile
from workers.checkpoint_files import decode


@dataclass(frozen=True, kw_only=True, eq=False)
class Checkpoint:
    """What was read at once: SHA-256 of the whole file, in hex, and the tensors by name. Numbers of
    less than 32 bits, for some of which numpy has no type, are float32."""

    digest: str
    weights: Mapping[str, NDArray[Any]]


def checkpoint_at(uri: str) -> Checkpoint:
    """Read it once. Raises InvalidFile."""
    catalog.check_checkpoint(uri)
    content = content_at(uri)
    tensors = decode(content, uri)
    return Checkpoint(
        digest=hashlib.sha256(content).hexdigest(),
        weights={name: _widened(tensor).numpy() for name, tensor in tensors.items()},
    )


def weights_at(uri: str) -> Mapping[str, NDArray[Any]]:
    """Those of a `Checkpoint`. Raises InvalidFile."""
    return checkpoint_at(uri).weights


def _widened(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() and tensor.itemsize < 4 else tensor


def content_at(uri: str) -> bytes:
    """The whole file. Raises InvalidFile."""
    try:
        with fsspec.open(uri, "rb") as file:
            content: bytes = file.read()
    except OSError as error:
        raise InvalidFile(f"cannot read {uri}: {error}") from error
    return content
