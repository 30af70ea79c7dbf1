"""In which precision the convolutions of a training step run."""

import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cache

import torch

logger = logging.getLogger(__name__)

BFLOAT16_X86 = ("avx512_bf16", "amx_bf16")  # what an x86 processor that multiplies it has, one each


def autocast(name: str) -> AbstractContextManager[object]:
    """bfloat16 by autocast, weights and losses staying float32; float32: nothing.

    Warns once where bfloat16 is slower than float32 instead of faster.
    """
    if name == "float32":
        return nullcontext()
    _warn_if_emulated()
    return torch.autocast("cpu", torch.bfloat16)


def is_emulated(capabilities: Mapping[str, object]) -> bool:
    """Whether a processor with these, as torch names them, has no arithmetic in bfloat16."""
    is_x86 = capabilities.get("architecture") == "x86_64"
    return is_x86 and not any(capabilities.get(name) for name in BFLOAT16_X86)


@cache
def _warn_if_emulated() -> None:
    if is_emulated(torch.cpu.get_capabilities()):
        logger.warning(
            "this processor emulates bfloat16, several times slower than float32: "
            'set precision = "float32" in the recipe'
        )
