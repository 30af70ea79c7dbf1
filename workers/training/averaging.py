"""The exponential moving average of a generator's parameters, by half-life in images."""

import torch
from torch import nn

from search_service.recipes.anycost import Averaging


def decay(settings: Averaging, *, images_seen: int, batch: int) -> float:
    """What of the old average is kept in one step; independent of the batch size over time."""
    half_life = min(settings.half_life, max(images_seen * settings.rampup, 1e-8))
    return float(0.5 ** (batch / half_life))


@torch.no_grad()
def update_average(average: nn.Module, live: nn.Module, kept: float) -> None:
    """average <- kept * average + (1 - kept) * live, parameters only."""
    torch._foreach_lerp_(list(average.parameters()), list(live.parameters()), 1 - kept)
