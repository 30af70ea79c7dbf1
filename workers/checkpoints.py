"""Weights on disk: written whole or not at all, read with clear refusals."""

import os
from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save
from torch import Tensor, nn

from search_service.errors import InvalidFile
from workers.checkpoint_files import decode
from workers.recognition import likely_network, spectral_names

SHOWN = 3  # of each kind of key that an error lists


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


def read_weights(path: Path, part: str | None = None) -> dict[str, Tensor]:
    """The tensors of a file of safetensors or PyTorch's own format, as `decode` gives them.

    Raises InvalidFile when it is missing, truncated, of another format, or without that part.
    """
    if not path.is_file():
        raise InvalidFile(f"no checkpoint at {path}")
    try:
        return decode(path.read_bytes(), str(path), part)
    except OSError as error:
        raise InvalidFile(f"cannot read {path}: {error.strerror}") from error


def load_weights(module: nn.Module, path: Path, part: str | None = None) -> None:
    """Fill a module from a file that must hold exactly its state dict, or hold it as `part`.

    Raises InvalidFile as `read_weights` and `fill` do.
    """
    fill(module, read_weights(path, part), source=str(path))


def fill(module: nn.Module, tensors: Mapping[str, Tensor], *, source: str) -> None:
    """Load a whole state dict, `source` being where it comes from, for the error's text.

    Raises InvalidFile, in one line, naming some of the keys that are missing, unknown or of another
    shape, with how many there are, and the known network that the file fits; or, where the network
    has no spectral norm and the file does, what to do. The module is then unchanged.
    """
    require_fit(module, tensors, source=source)
    module.load_state_dict(tensors)


def require_fit(module: nn.Module, tensors: Mapping[str, Tensor], *, source: str) -> None:
    """Raises InvalidFile as `fill` does."""
    wanted = module.state_dict()
    normalised = spectral_names(tensors)
    if normalised and not spectral_names(wanted):
        raise InvalidFile(
            f"{source} holds spectrally normalised weights ({_some(normalised)}), where "
            f"{type(module).__name__} has plain ones: take the norm off before saving, or by "
            "workers.layers.spectral.without_spectral_norm"
        )
    missing = sorted(wanted.keys() - tensors.keys())
    unknown = sorted(tensors.keys() - wanted.keys())
    misshapen = [
        f"{name} is {tuple(tensors[name].shape)}, expected {tuple(tensor.shape)}"
        for name, tensor in sorted(wanted.items())
        if name in tensors and tensors[name].shape != tensor.shape
    ]
    problems = [
        f"{len(found)} {what} ({_some(found)})"
        for what, found in (
            ("missing", missing),
            ("unknown", unknown),
            ("of another shape", misshapen),
        )
        if found
    ]
    if problems:
        raise InvalidFile(
            f"{source} does not fit {type(module).__name__}, of {len(wanted)} tensors: "
            f"{', '.join(problems)}{_hint(tensors)}"
        )


def _hint(tensors: Mapping[str, Tensor]) -> str:
    network = likely_network(tensors)
    return f"; it looks like {network}" if network else ""


def _some(names: list[str]) -> str:
    return "; ".join(names[:SHOWN]) + ("; …" if len(names) > SHOWN else "")
