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


def r1_penalty(real: Tensor | Sequence[Tensor], real_logits: Tensor) -> Tensor:
    """Squared norm of d logits / d images, batch mean, without its weight.

    Which Training Methods for GANs do actually Converge? (Mescheder et al., 2018), equation 9.
    `real`, several where they were judged together, must require a gradient and have made
    `real_logits`.
    """
    inputs = [real] if isinstance(real, Tensor) else list(real)
    gradients = torch.autograd.grad(real_logits.sum(), inputs, create_graph=True)
    return torch.stack([g.square().sum((1, 2, 3)).mean() for g in gradients]).sum()


def image_distillation(student: Sequence[Tensor], teacher: Sequence[Tensor]) -> Tensor:
    """Mean squared error to the teacher at every level of the student, summed.

    Anycost GANs (Lin et al., 2021), equation 3, without its perceptual term. The teacher's levels
    are its full image shrunk, so that a preview resembles the full image.
    """
    errors = [F.mse_loss(s, t) for s, t in zip(student, teacher, strict=True)]
    return torch.stack(errors).sum()


def bilinear_pyramid(images: Tensor, sides: Sequence[int]) -> list[Tensor]:
    """Shrunk with aligned corners straight from (n, c, r, r), as the paper's program does."""
    return [
        F.interpolate(images, size=(side, side), mode="bilinear", align_corners=True)
        for side in sides
    ]


def area_pyramid(images: Tensor, sides: Sequence[int]) -> list[Tensor]:
    """Each pixel the mean of the pixels it covers: no aliasing, and no shift between levels."""
    return [F.avg_pool2d(images, images.shape[-1] // side) for side in sides]
