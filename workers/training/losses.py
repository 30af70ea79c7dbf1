"""What generators and discriminators minimise; every function takes tensors, returns a scalar."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def discriminator_logistic(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Generative Adversarial Nets (Goodfellow et al., 2014), equation 1, negated."""
    return F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()


def generator_nonsaturating(fake_logits: Tensor) -> Tensor:
    """The generator's side as section 3 of the same paper advises: -log D instead of log(1 - D)."""
    return F.softplus(-fake_logits).mean()


def r1_penalty(real: Tensor, real_logits: Tensor) -> Tensor:
    """Squared norm of d logits / d images, batch mean, without its weight.

    Which Training Methods for GANs do actually Converge? (Mescheder et al., 2018), equation 9.
    `real` must require a gradient and have made `real_logits`.
    """
    (gradient,) = torch.autograd.grad(real_logits.sum(), real, create_graph=True)
    return gradient.square().sum((1, 2, 3)).mean()


def image_distillation(student: Sequence[Tensor], teacher: Tensor) -> Tensor:
    """Mean squared error to the teacher's image at every level of the student, summed.

    The teacher's image is shrunk bilinearly with aligned corners, straight from its full size, so
    that a preview resembles the full image rather than the teacher's own low levels.
    Anycost GANs (Lin et al., 2021), equation 3, without its perceptual term.
    """
    return torch.stack([F.mse_loss(image, shrink(teacher, image.shape[-1])) for image in student]).sum()


def shrink(image: Tensor, side: int) -> Tensor:
    """(n, c, r, r) to (n, c, side, side)."""
    if image.shape[-1] == side:
        return image
    return F.interpolate(image, size=(side, side), mode="bilinear", align_corners=True)
