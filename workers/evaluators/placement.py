"""On which of torch's devices generators and feature extractors run: one of a GPU, or the CPU.

What they are given is made on the CPU, and what they answer comes back to it, so all that crosses
their borders is the same everywhere, and values differ by rounding alone.
"""

import logging
from collections.abc import Sequence

import torch

logger = logging.getLogger(__name__)

CPU = torch.device("cpu")


def placement_for(gpus: Sequence[int | str]) -> torch.device:
    """That of a process which was lent these GPUs, or a share of one, and sees no other.

    On a GPU numbers are multiplied as the CPU does, in whole float32, and equal calls have equal
    bits from then on.
    """
    if not gpus:
        return CPU
    if not torch.cuda.is_available():
        logger.warning("lent a GPU that torch cannot use", extra={"torch": torch.__version__})
        return CPU
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    return torch.device("cuda")
