"""A file of weights, safetensors or PyTorch's own, to tensors by name."""

import argparse
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
AVERAGE = "g_ema"  # of StyleGAN2's PyTorch files: the generator to use, beside `g` and `d`


def decode(content: bytes, source: str, part: str | None = None) -> dict[str, Tensor]:
    """The tensors of a file's content, on the CPU, under the names of the networks here.

    A PyTorch file may hold several state dicts by name: `part` names the one that is wanted, by
    default `g_ema`, or the only one. Names lose DataParallel's prefix; residual blocks saved
    without their dropout are numbered as if it were there. `source` is for the error's text. Raises
    InvalidFile when the content is not whole, of another format, lacks that part, or holds more
    than tensors: no code in it is ever run.
    """
    pytorch = content.startswith(PYTORCH_STARTS)
    tensors = _pytorch(content, source, part) if pytorch else None
    if tensors is None:
        try:
            tensors = load(content)
        except SafetensorError as error:
            raise InvalidFile(f"{source} is not a whole safetensors file: {error}") from error
    return _numbered_with_dropout(_unwrapped(tensors))


def _pytorch(content: bytes, source: str, part: str | None) -> dict[str, Tensor]:
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):  # a training's options
            found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InvalidFile(
            f"{source} holds more than tensors, which is not read: save its state_dict() alone"
        ) from error
    except (RuntimeError, EOFError, ValueError, LookupError) as error:
        raise InvalidFile(f"{source} is not a whole PyTorch file") from error
    return {name: tensor.detach() for name, tensor in _wanted(found, source, part).items()}


def _wanted(found: Any, source: str, part: str | None) -> Mapping[str, Tensor]:
    """The state dict that is asked for, in what a PyTorch file holds."""
    if not isinstance(found, Mapping):
        raise InvalidFile(f"{source} is no state dict but a {type(found).__name__}")
    if _is_state_dict(found) and part is None:
        return found
    inner = {str(name): value for name, value in found.items() if _is_state_dict(value)}
    names = ", ".join(inner)
    if not inner:
        what = "other things than tensors" if part is None else f"no weights under {part}"
        raise InvalidFile(f"{source} is no state dict: it holds {what}")
    if part is not None and part not in inner:
        raise InvalidFile(f"{source} has no weights under {part}; it has them under {names}")
    if part is None and AVERAGE not in inner and len(inner) > 1:
        raise InvalidFile(
            f"{source} is no state dict: its weights lie under {names}; save what is wanted of "
            "them alone"
        )
    chosen: Mapping[str, Tensor] = inner[part or (AVERAGE if AVERAGE in inner else names)]
    return chosen


def _is_state_dict(found: Any) -> bool:
    named = isinstance(found, Mapping) and all(isinstance(name, str) for name in found)
    return named and bool(found) and all(isinstance(t, Tensor) for t in found.values())


def _unwrapped(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    if not all(name.startswith(WRAPPER) for name in tensors):
        return tensors
    return {name.removeprefix(WRAPPER): tensor for name, tensor in tensors.items()}


def _numbered_with_dropout(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    with_dropout, without = ".conv_block.6.", ".conv_block.5."
    if any(with_dropout in name for name in tensors):
        return tensors
    return {name.replace(without, with_dropout): tensor for name, tensor in tensors.items()}
