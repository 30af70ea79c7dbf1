"""Means and variances of a batch that several processes share.

Without it each would normalise its part by that part's own statistics, which is another network
than one process trains on the whole batch.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

_SHARED: ContextVar[bool] = ContextVar("shared", default=False)


@contextmanager
def shared_statistics() -> Iterator[None]:
    """Within, every process of torch's group runs the same networks on parts of one batch that are
    equally large, and batch norms see the whole of it. Alone, nothing changes."""
    before = _SHARED.set(True)
    try:
        yield
    finally:
        _SHARED.reset(before)


def are_shared() -> bool:
    """Whether there is another process to share with."""
    return _SHARED.get() and dist.is_initialized() and dist.get_world_size() > 1


def whole_moments(x: Tensor) -> tuple[Tensor, Tensor, int]:
    """Of all processes' (n, c, h, w): the mean (c,) and the variance (c,), without bias taken off,
    and how many numbers a channel has. Gradients go into the parts of all processes."""
    count = x.numel() // x.shape[1] * dist.get_world_size()
    mean = _sum(x.sum((0, 2, 3))) / count
    squares = (x - mean[:, None, None]).square().sum((0, 2, 3))
    return mean, _sum(squares) / count, count


def _sum(part: Tensor) -> Tensor:
    total: Tensor = _Sum.apply(part)  # type: ignore[no-untyped-call]  # torch left it untyped
    return total


class _Sum(torch.autograd.Function):
    """Over all processes; each gets the gradient of all of them."""

    @staticmethod
    def forward(ctx: Any, part: Tensor) -> Tensor:
        total = part.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone()
        dist.all_reduce(total)
        return total
