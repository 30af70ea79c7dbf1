"""Adversarial losses by name: what a discriminator and a generator minimise.

A prediction is one tensor of logits; or one per scale; or one list per scale, of every layer's
output with the logits last. Weights and combinations with other terms are the caller's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from search_service.registry import Registry

Prediction = Tensor | Sequence[Tensor] | Sequence[Sequence[Tensor]]
Term = Callable[[Tensor], Tensor]  # logits of any shape to a scalar
Boundary = Callable[[float, float], float]


@dataclass(frozen=True, kw_only=True)
class AdversarialLoss:
    """Three terms, each a scalar of a prediction; the discriminator adds its two."""

    on_real: Term  # what the discriminator makes small on real images
    on_fake: Term  # and on generated ones
    on_generated: Term  # what the generator makes small
    averaged: bool = False  # over scales; otherwise the scales are summed
    penalty: float = 0.0  # the weight of `gradient_penalty` that belongs to it
    # The logit above which an image is taken for real, of the discriminator's losses on real images
    # and on generated ones.
    boundary: Boundary = lambda real, fake: 0.0

    def real(self, prediction: Prediction) -> Tensor:
        """The discriminator's loss on real images."""
        return self._over_scales(self.on_real, prediction)

    def fake(self, prediction: Prediction) -> Tensor:
        """The discriminator's loss on generated images."""
        return self._over_scales(self.on_fake, prediction)

    def generator(self, prediction: Prediction) -> Tensor:
        """The generator's loss."""
        return self._over_scales(self.on_generated, prediction)

    def _over_scales(self, term: Term, prediction: Prediction) -> Tensor:
        scales = torch.stack([term(logits) for logits in last_maps(prediction)])
        return scales.mean() if self.averaged else scales.sum()


def last_maps(prediction: Prediction) -> list[Tensor]:
    """The logits of every scale."""
    if isinstance(prediction, Tensor):
        return [prediction]
    return [scale if isinstance(scale, Tensor) else scale[-1] for scale in prediction]


def gradient_penalty(
    critic: Callable[[Tensor], Prediction], real: Tensor, fake: Tensor, share: Tensor
) -> Tensor:
    """Mean squared distance from one of the critic's slope between real and generated images.

    Improved Training of Wasserstein GANs (Gulrajani et al., 2017), equation 3, without its weight.
    `share` (n, 1, 1, 1) in [0, 1]: where between its two ends each image is taken.
    """
    between = (share * real.detach() + (1 - share) * fake.detach()).requires_grad_()
    logits = torch.stack([scale.sum() for scale in last_maps(critic(between))]).sum()
    (slope,) = torch.autograd.grad(logits, between, create_graph=True)
    # The small number keeps the norm's own gradient finite where the slope is zero.
    norms = (slope.flatten(1).square().sum(1) + 1e-16).sqrt()
    return (norms - 1).square().mean()


ADVERSARIAL: Registry[AdversarialLoss] = Registry("adversarial loss")

# Least Squares Generative Adversarial Networks (Mao et al., 2017), equation 9, twice its value.
ADVERSARIAL.register("lsgan")(
    AdversarialLoss(
        on_real=lambda logits: (logits - 1).square().mean(),
        on_fake=lambda logits: logits.square().mean(),
        on_generated=lambda logits: (logits - 1).square().mean(),
        boundary=lambda real, fake: 0.5,
    )
)

# Geometric GAN (Lim and Ye, 2017), equations 12 and 13.
ADVERSARIAL.register("hinge")(
    AdversarialLoss(
        on_real=lambda logits: F.relu(1 - logits).mean(),
        on_fake=lambda logits: F.relu(1 + logits).mean(),
        on_generated=lambda logits: -logits.mean(),
        averaged=True,  # as the reference program of GAN Compression does, for this loss alone
    )
)

# Generative Adversarial Nets (Goodfellow et al., 2014), with the generator's loss of section 3.
LOGISTIC = AdversarialLoss(
    on_real=lambda logits: F.softplus(-logits).mean(),
    on_fake=lambda logits: F.softplus(logits).mean(),
    on_generated=lambda logits: F.softplus(-logits).mean(),
)
ADVERSARIAL.register("non-saturating")(LOGISTIC)
ADVERSARIAL.register("vanilla")(LOGISTIC)  # what pix2pix calls it

# The same paper's equation 1, which the generator minimises: it says itself why that learns slowly.
ADVERSARIAL.register("minimax")(
    replace(LOGISTIC, on_generated=lambda logits: -F.softplus(logits).mean())
)

ADVERSARIAL.register("wgangp")(
    AdversarialLoss(
        on_real=lambda logits: -logits.mean(),
        on_fake=lambda logits: logits.mean(),
        on_generated=lambda logits: -logits.mean(),
        penalty=10.0,
        boundary=lambda real, fake: (fake - real) / 2,  # half way between the mean logits
    )
)
