"""What every subnet of an Anycost generator learns from a full one.

Anycost GANs (Lin et al., CVPR 2021), equation 3. Their teacher is the generator of the stage
before; where a recipe names none, it is the moving average of the full generator in training, so
that all stages may be one run.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from search_service.domain.space import Architecture, largest
from search_service.recipes.anycost import AnycostRecipe
from workers.checkpoints import load_weights
from workers.supernets.anycost import AnycostSupernet
from workers.training.losses import area_pyramid, bilinear_pyramid, image_distillation

LOWEST = 8  # no image is shown at 4x4
SHRINK = {"area": area_pyramid, "bilinear": bilinear_pyramid}

Perceptual = Callable[[Tensor, Tensor], Tensor]  # of two batches, a scalar


class Teaching:
    """The teacher, and how far a subnet's images are from what it would have them be."""

    def __init__(
        self, recipe: AnycostRecipe, average: AnycostSupernet, perceptual: Perceptual | None = None
    ) -> None:
        """`perceptual` is added to the squared error at every level. Raises InvalidFile when the
        teacher's file does not fit."""
        self._settings, self._batch, self._average = recipe.distillation, recipe.batch, average
        self.teacher, self._perceptual = average, perceptual
        if recipe.distillation.teacher:
            self.teacher = AnycostSupernet(average.space).requires_grad_(False)
            load_weights(self.teacher, Path(recipe.distillation.teacher))

    def concerns(self, architecture: Architecture, index: int) -> bool:
        """Whether this subnet is taught in step `index`: nobody learns from its own average."""
        begun = index * self._batch >= self._settings.from_images
        is_own = self.teacher is self._average and architecture == largest(self._average.space)
        return begun and self._settings.weight > 0 and not is_own

    @torch.no_grad()
    def full_image(
        self, latents: Tensor, labels: Tensor | None, crossover: int, noise: Sequence[Tensor]
    ) -> Tensor:
        """The teacher's (n, c, r, r) of what the subnet was given."""
        styles = self.teacher.styles(latents, labels=labels, crossover=crossover)
        return self.teacher.synthesize(styles, self.teacher.space.full_channels, noise)[-1]

    def distance(self, pyramid: Sequence[Tensor], full: Tensor) -> Tensor:
        """Over all levels of the subnet's `pyramid` from 8x8 on, a scalar."""
        student = [level.float() for level in pyramid if level.shape[-1] >= LOWEST]
        sides = [level.shape[-1] for level in student]
        teacher = SHRINK[self._settings.shrink](full.float(), sides)
        total = image_distillation(student, teacher)
        if self._perceptual is not None:
            terms = [self._perceptual(s, t) for s, t in zip(student, teacher, strict=True)]
            total = total + torch.stack(terms).sum()
        return total
