"""A registered checkpoint at its URI: its digest, and its weights as arrays."""

import hashlib
from collections.abc import Mapping

import fsspec
import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from search_service import catalog
from search_service.errors import InvalidFile


def weights_at(uri: str) -> Mapping[str, NDArray[np.float32]]:
    """The tensors by name. Raises InvalidFile."""
    catalog.check_checkpoint(uri)
    try:
        return safetensors.numpy.load(_read(uri))
    except SafetensorError as error:
        raise InvalidFile(f"{uri} is not a safetensors file: {error}") from error


def digest_at(uri: str) -> str:
    """SHA-256 of the whole file, in hex. Raises InvalidFile."""
    catalog.check_checkpoint(uri)
    return hashlib.sha256(_read(uri)).hexdigest()


def _read(uri: str) -> bytes:
    with fsspec.open(uri, "rb") as file:
        content: bytes = file.read()
    return content
