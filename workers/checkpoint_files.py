"""A file of weights, safetensors or PyTorch's own, to tensors by name."""

import io
import pickle
from collections.abc import Mapping
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from search_service.catalog import PYTORCH_STARTS
from search_service.errors import InvalidFile

WRAPPER = "module."  # before every name that was saved from torch's DataParallel


def decode(content: bytes, source: str) -> dict[str, Tensor]:
    """The tensors of a file's content, on the CPU, under the names of the networks here.

    Names lose DataParallel's prefix; residual blocks saved without their dropout are numbered as
    if it were there. `source` is for the error's text. Raises InvalidFile when the content is not
    whole, of another format, or holds more than tensors: no code in it is ever run.
    """
    tensors = _pytorch(content, source) if content.startswith(PYTORCH_STARTS) else None
    if tensors is None:
        try:
            tensors = load(content)
        except SafetensorError as error:
            raise InvalidFile(f"{source} is not a whole safetensors file: {error}") from error
    return _numbered_with_dropout(_unwrapped(tensors))


def _pytorch(content: bytes, source: str) -> dict[str, Tensor]:
    try:
        found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InvalidFile(
            f"{source} holds more than tensors, which is not read: save its state_dict() alone"
        ) from error
    except (RuntimeError, EOFError, ValueError, LookupError) as error:
        raise InvalidFile(f"{source} is not a whole PyTorch file") from error
    if not _is_state_dict(found):
        raise InvalidFile(f"{source} is no state dict{_whereabouts(found)}")
    return {name: tensor.detach() for name, tensor in found.items()}


def _is_state_dict(found: Any) -> bool:
    named = isinstance(found, Mapping) and all(isinstance(name, str) for name in found)
    return named and bool(found) and all(isinstance(t, Tensor) for t in found.values())


def _whereabouts(found: Any) -> str:
    """Where in a larger thing the weights lie, to end an error's sentence."""
    if not isinstance(found, Mapping):
        return f" but a {type(found).__name__}"
    inner = [str(name) for name, value in found.items() if _is_state_dict(value)]
    if not inner:
        return ": it holds other things than tensors"
    return f": its weights lie under {', '.join(inner)}; save what is wanted of them alone"


def _unwrapped(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    if not all(name.startswith(WRAPPER) for name in tensors):
        return tensors
    return {name.removeprefix(WRAPPER): tensor for name, tensor in tensors.items()}


def _numbered_with_dropout(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    with_dropout, without = ".conv_block.6.", ".conv_block.5."
    if any(with_dropout in name for name in tensors):
        return tensors
    return {name.replace(without, with_dropout): tensor for name, tensor in tensors.items()}
