"""Whether a discriminator learns what is real, or learns its training images by heart.

Differentiable Augmentation for Data-Efficient GAN Training (Zhao et al., 2020), figure 1: the share
of real images that it takes for real, among those it is trained on and among others. The first goes
to 1 and the second falls long before the generated images get worse.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import nn

from search_service.recipes.records import Recipe
from search_service.recipes.watching import HELD_OUT, TRAIN
from workers.training.objectives import AdversarialLoss, Prediction, last_maps
from workers.training.sharing import mean

T = TypeVar("T")  # images, and what comes with them

BATCHES = 4  # as many images as these have are looked at on either side


def is_due(recipe: Recipe, index: int) -> bool:
    """Whether a line of the log is written after the step number `index`, from 0."""
    done = index + 1
    return done % recipe.records.log_every == 0 or done == recipe.steps


def boundary(loss: AdversarialLoss, parts: Mapping[str, float]) -> float:
    """The logit above which an image is taken for real, of a step's losses `real` and `fake`;
    where processes share the batch, of all of it."""
    whole = mean({name: parts[name] for name in ("real", "fake")})
    return loss.boundary(whole["real"], whole["fake"])


def accuracies(
    network: nn.Module,
    critic: Callable[[T], Prediction],
    *,
    train: T,
    held_out: T,
    boundary: float = 0.0,
) -> dict[str, float]:
    """The shares of real images, or of their patches, whose logit is above the boundary.

    `critic` looks with `network`, which is at rest meanwhile and is not changed.
    """
    with _at_rest(network):
        return {
            TRAIN: _share(critic(train), boundary),
            HELD_OUT: _share(critic(held_out), boundary),
        }


def _share(prediction: Prediction, boundary: float) -> float:
    above = torch.cat([(logits > boundary).flatten() for logits in last_maps(prediction)])
    return above.double().mean().item()


@contextmanager
def _at_rest(network: nn.Module) -> Iterator[None]:
    was_training = network.training
    network.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        network.train(was_training)
