"""A registered checkpoint at its URI: its digest, and its weights as arrays."""

import hashlib
from collections.abc import Mapping
from typing import Any

import fsspec
from numpy.typing import NDArray
from torch import Tensor

from search_service import catalog
from search_service.errors import InvalidFile
from workers.checkpoint_files import decode


def weights_at(uri: str) -> Mapping[str, NDArray[Any]]:
    """The tensors by name; numbers of less than 32 bits, for some of which numpy has no type, come
    as float32. Raises InvalidFile."""
    catalog.check_checkpoint(uri)
    tensors = decode(content_at(uri), uri)
    return {name: _widened(tensor).numpy() for name, tensor in tensors.items()}


def digest_at(uri: str) -> str:
    """SHA-256 of the whole file, in hex. Raises InvalidFile."""
    catalog.check_checkpoint(uri)
    return hashlib.sha256(content_at(uri)).hexdigest()


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
