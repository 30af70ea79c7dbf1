"""A network that the user brings as a TorchScript file."""

import io
import warnings
from pathlib import Path
from typing import Any

import torch

from search_service.errors import InvalidFile
from workers.evaluators.extractors.base import read_weights
from workers.evaluators.placement import CPU


def open_script(file: Path, wanted: str, placement: torch.device = CPU) -> tuple[Any, str]:
    """The placed network, for inference, and the file's SHA-256. Torch leaves its type open.

    Raises InvalidFile, saying what is `wanted`, when it cannot be read or is no TorchScript.
    """
    content, digest = read_weights(file, wanted)
    try:
        with warnings.catch_warnings():
            # TorchScript is deprecated, but it is what such networks are published in.
            warnings.simplefilter("ignore", DeprecationWarning)
            script = torch.jit.load(  # type: ignore[no-untyped-call]  # torch left it untyped
                io.BytesIO(content), map_location=placement
            ).eval()
    except RuntimeError as error:
        raise InvalidFile(f"{file} is not TorchScript; {wanted}") from error
    return script, digest
