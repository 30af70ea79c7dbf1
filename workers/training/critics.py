"""A discriminator's loss, and the generator's against it."""

from collections.abc import Callable

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
    total = (on_real + on_fake) / 2
    parts = {"real": on_real.item(), "fake": on_fake.item()}
    if loss.penalty:
        share = draws.shares(len(real))[:, None, None, None]
        penalty = gradient_penalty(lambda x: in_float32(critic(x)), real, fake, share)
        total = total + loss.penalty * penalty
        parts["penalty"] = penalty.item()
    parts["discriminator"] = total.item()
    return total, parts
