"""The optimisers of trainings, and their rates."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from search_service.recipes.translation import Adam
from workers.training.schedules import constant_then_linear


class AdamSettings(Protocol):
    """What recipes of any method say of it."""

    @property
    def learning_rate(self) -> float: ...
    @property
    def beta1(self) -> float: ...
    @property
    def beta2(self) -> float: ...


def new_adam(networks: Iterable[nn.Module], settings: AdamSettings) -> torch.optim.Adam:
    """One Adam for all parameters of these networks."""
    return torch.optim.Adam(
        [parameter for network in networks for parameter in network.parameters()],
        lr=settings.learning_rate,
        betas=(settings.beta1, settings.beta2),
        fused=True,
    )


def set_learning_rate(
    optimisers: Sequence[torch.optim.Adam], settings: Adam, *, index: int, steps: int
) -> None:
    """The rate of step `index` of a run."""
    constant = round(steps * settings.decay_from)
    factor = constant_then_linear(index, constant=constant, decay=steps - constant)
    set_rate(optimisers, settings.learning_rate * factor)


def set_rate(optimisers: Sequence[torch.optim.Optimizer], rate: float) -> None:
    """The same for all of their parameters."""
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = rate


def backward(optimiser: torch.optim.Adam, loss: Tensor) -> None:
    """The gradients of this loss alone."""
    optimiser.zero_grad()
    torch.autograd.backward(loss)
