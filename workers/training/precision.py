"""In which precision the convolutions of a training step run."""

from contextlib import AbstractContextManager, nullcontext

import torch


def autocast(name: str) -> AbstractContextManager[object]:
    """bfloat16 by autocast, weights and losses staying float32; float32: nothing."""
    return nullcontext() if name == "float32" else torch.autocast("cpu", torch.bfloat16)
