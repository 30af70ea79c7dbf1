"""What every subnet of an Anycost generator learns from a full one.

Anycost GANs (Lin et al., CVPR 2021), equation 3. Their teacher is the generator of the stage
before; where a recipe names none, it is the moving average of the full generator in training, so
that all stages may be one run. The published program runs the generator to its full resolution in
every step and teaches all levels; here a subnet ends where the discriminator looks.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from search_service.domain.space import Architecture, largest
from search_service.recipes.anycost import AnycostRecipe
from workers.checkpoints import load_weights
from workers.supernets.anycost import AnycostSupernet
from workers.training.losses import area_pyramid, bilinear_pyramid, image_distillation
from workers.training.perceptual import PerceptualLoss, open_perceptual

SHRINK = {"area": area_pyramid, "bilinear": bilinear_pyramid}
SEEN_SIDE = 256  # a feature network sees larger images at this side


class Teaching:
    """The teacher, and how far a subnet's images are from what it would have them be."""

    def __init__(self, recipe: AnycostRecipe, average: AnycostSupernet) -> None:
        """Raises InvalidFile when the file of the teacher or of the feature network does not fit,
        and as `open_perceptual`."""
        self._settings, self._batch, self._average = recipe.distillation, recipe.batch, average
        self._weight = recipe.perceptual.weight
        self._perceptual = _feature_network(recipe, average)
        self.teacher = average
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

    def distance(self, pyramid: Sequence[Tensor], full: Tensor) -> dict[str, Tensor]:
        """To the teacher's `full` image, shrunk, at all resolutions that a subnet may have: scalars
        by name, `distillation` their weighted sum."""
        known = self._average.space.resolutions
        student = [level.float() for level in pyramid if level.shape[-1] in known]
        sides = [level.shape[-1] for level in student]
        teacher = SHRINK[self._settings.shrink](full.float(), sides)
        error = image_distillation(student, teacher)
        if self._perceptual is None:
            return {"distillation": error}
        terms = [
            self._perceptual(_as_seen(s), _as_seen(t))
            for s, t in zip(student, teacher, strict=True)
        ]
        perceptual = torch.stack(terms).sum()
        return {"distillation": error + self._weight * perceptual, "perceptual": perceptual}


def _feature_network(recipe: AnycostRecipe, average: AnycostSupernet) -> PerceptualLoss | None:
    if not recipe.distillation.weight:
        return None
    sides = [min(side, SEEN_SIDE) for side in average.space.resolutions]
    return open_perceptual(
        recipe.perceptual,
        channels=average.space.parameters.image_channels,
        sides=[(side, side) for side in dict.fromkeys(sides)],
    )


def _as_seen(images: Tensor) -> Tensor:
    clipped = images.clamp(-1, 1)
    if images.shape[-1] <= SEEN_SIDE:
        return clipped
    (shrunk,) = bilinear_pyramid(clipped, [SEEN_SIDE])
    return shrunk
