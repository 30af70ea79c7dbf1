"""In which precision the convolutions of a training step run."""

from contextlib import AbstractContextManager, nullcontext

import torch

from search_service.errors import InvalidInput

PRECISIONS = ("float32", "bfloat16")


def check_precision(name: str) -> None:
    """Raises InvalidInput unless it is one of PRECISIONS."""
    if name not in PRECISIONS:
        raise InvalidInput(f"precision must be float32 or bfloat16, got {name!r}")


def autocast(name: str) -> AbstractContextManager[object]:
    """bfloat16 by autocast, weights and losses staying float32; float32: nothing."""
    return nullcontext() if name == "float32" else torch.autocast("cpu", torch.bfloat16)
