"""Several processes that train one network: each takes its part of every batch.

All of them draw the same batch from (seed, step) and keep every n-th image of it; gradients are
averaged before any optimiser uses them. So n processes do what one would with the whole batch. The
process group is torch's own; where there is none, a process has the whole batch.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_pre_hook


def rank() -> int:
    """This process among those that share, from 0; the first one writes."""
    return dist.get_rank() if dist.is_initialized() else 0


def processes() -> int:
    """How many share."""
    return dist.get_world_size() if dist.is_initialized() else 1


def mine(batch: Tensor) -> Tensor:
    """This process's images of a whole batch: number rank, rank + n, …, so that groups of images
    which lie a fixed number of places apart stay together."""
    return batch[rank() :: processes()]


def whole(part: Tensor) -> Tensor:
    """The whole batch of which each process has `mine`; gradients stop here."""
    if processes() == 1:
        return part.detach()
    parts = [torch.empty_like(part) for _ in range(processes())]
    dist.all_gather(parts, part.detach().contiguous())
    return torch.stack(parts, 1).flatten(0, 1)


def mean(losses: Mapping[str, float]) -> dict[str, float]:
    """Each loss over all processes."""
    if processes() == 1:
        return dict(losses)
    values = torch.tensor(list(losses.values()), dtype=torch.float64)
    dist.all_reduce(values)
    return dict(zip(losses, (values / processes()).tolist(), strict=True))


def wait_for_all() -> None:
    """Return once every process is here."""
    if processes() > 1:
        dist.barrier()


@contextmanager
def averaged_gradients() -> Iterator[None]:
    """Within, every optimiser steps along the mean of all processes' gradients."""
    if processes() == 1:
        yield
        return
    hook = register_optimizer_step_pre_hook(_average)
    try:
        yield
    finally:
        hook.remove()


def _average(optimiser: torch.optim.Optimizer, *_: Any) -> None:
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    gradients = [p.grad for p in parameters if p.grad is not None]
    if not gradients:
        return
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    dist.all_reduce(flat)
    flat /= processes()
    sizes = [gradient.numel() for gradient in gradients]
    for gradient, averaged in zip(gradients, torch.split(flat, sizes), strict=True):
        gradient.copy_(averaged.view_as(gradient))
