"""The optimisers of image-to-image trainings."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from search_service.recipes.translation import Adam
from workers.training.schedules import constant_then_linear


def new_adam(networks: Iterable[nn.Module], settings: Adam) -> torch.optim.Adam:
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
