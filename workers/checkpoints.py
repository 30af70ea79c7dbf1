"""Weights on disk: safetensors files, written whole or not at all, read with clear refusals."""

import os
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from search_service.errors import InvalidFile

SHOWN = 3  # names listed in an error before it says how many more there are


def save_weights(module: nn.Module, path: Path) -> None:
    """Write a module's state dict; a reader sees the old file or the new one, never a part."""
    state = {name: tensor.contiguous() for name, tensor in module.state_dict().items()}
    write_atomically(path, save(state))


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside and move; a lost machine leaves the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file.

    Raises InvalidFile when it is missing, truncated, or of another format.
    """
    if not path.is_file():
        raise InvalidFile(f"no checkpoint at {path}")
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise InvalidFile(f"{path} is not a whole safetensors file: {error}") from error


def load_weights(module: nn.Module, path: Path) -> None:
    """Fill a module from a file that must hold exactly its state dict.

    Raises InvalidFile as `read_weights` does, or naming the keys or shapes that differ; the module
    is then unchanged.
    """
    found, wanted = read_weights(path), module.state_dict()
    missing, extra = sorted(wanted.keys() - found.keys()), sorted(found.keys() - wanted.keys())
    if missing or extra:
        parts = [f"lacks {_some(missing)}"] * bool(missing) + [f"has {_some(extra)}"] * bool(extra)
        raise InvalidFile(f"{path} is of another network: it {' and '.join(parts)}")
    for name, tensor in wanted.items():
        if found[name].shape != tensor.shape:
            raise InvalidFile(
                f"{path} is of another size: {name} is {tuple(found[name].shape)}, "
                f"expected {tuple(tensor.shape)}"
            )
    with torch.no_grad():
        module.load_state_dict(found)


def _some(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
