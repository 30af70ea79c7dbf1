"""A discriminator's loss, and the generator's against it."""

from collections.abc import Callable

import torch
from torch import Tensor

from workers.training.draws import Draws
from workers.training.objectives import AdversarialLoss, Prediction, gradient_penalty, last_maps

Critic = Callable[[Tensor], Prediction]


def in_float32(prediction: Prediction) -> Prediction:
    """The logits of every scale in full precision, for a loss."""
    return [logits.float() for logits in last_maps(prediction)]


def critic_loss(
    critic: Critic, real: Tensor, fake: Tensor, loss: AdversarialLoss, draws: Draws
) -> tuple[Tensor, dict[str, float]]:
    """Half the sum of both terms, so that the critic learns more slowly than the generator, plus
    the penalty that belongs to the loss; and the parts by name, for the log.

    `real` and `fake` (n, c, h, w) are what the critic sees; gradients stop at both.
    """
    on_real = loss.real(in_float32(critic(real.detach())))
    on_fake = loss.fake(in_float32(critic(fake.detach())))
    parts, penalty = {"real": on_real, "fake": on_fake}, _penalty(critic, real, fake, loss, draws)
    return _told((on_real + on_fake) / 2, parts, loss.penalty, penalty)


def joint_critic_loss(
    critic: Critic, real: Tensor, fake: Tensor, loss: AdversarialLoss, draws: Draws
) -> tuple[Tensor, dict[str, float]]:
    """The sum of both terms, not halved, plus the penalty, as `critic_loss` returns them; both
    batches go through the critic at once, so that they meet the same spectral norms.

    Semantic Image Synthesis with Spatially-Adaptive Normalization (Park et al., 2019) trains so.
    """
    both = last_maps(critic(torch.cat([fake.detach(), real.detach()])))
    halves = [logits.float().chunk(2) for logits in both]
    on_fake, on_real = loss.fake([a for a, _ in halves]), loss.real([b for _, b in halves])
    parts, penalty = {"real": on_real, "fake": on_fake}, _penalty(critic, real, fake, loss, draws)
    return _told(on_real + on_fake, parts, loss.penalty, penalty)


def _penalty(
    critic: Critic, real: Tensor, fake: Tensor, loss: AdversarialLoss, draws: Draws
) -> Tensor | None:
    """Without its weight; None where the loss has none."""
    if not loss.penalty:
        return None
    share = draws.shares(len(real))[:, None, None, None]
    return gradient_penalty(lambda x: in_float32(critic(x)), real, fake, share)


def _told(
    total: Tensor, parts: dict[str, Tensor], weight: float, penalty: Tensor | None
) -> tuple[Tensor, dict[str, float]]:
    if penalty is not None:
        total = total + weight * penalty
        parts = parts | {"penalty": penalty}
    parts = parts | {"discriminator": total}
    return total, {name: part.item() for name, part in parts.items()}
