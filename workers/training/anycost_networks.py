"""The networks of an Anycost training, from its recipe, and how its discriminator is asked."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from search_service.recipes.anycost import AnycostRecipe
from search_service.spaces.anycost import RATIOS, AnycostSpace
from workers.checkpoints import load_weights, read_weights
from workers.discriminators.anycost import (
    AnycostDiscriminator,
    DiscriminatorSize,
    PlainDiscriminator,
)
from workers.discriminators.joint import JointDiscriminator
from workers.supernets.anycost import AnycostSupernet
from workers.supernets.anycost_sorting import sort_channels
from workers.training.anycost_warm_start import Discriminator, warm_start

SORTING_STYLES = 10_000


def new_generator(recipe: AnycostRecipe, space: AnycostSpace) -> AnycostSupernet:
    """With its first weights, its channels sorted if the recipe says so.

    Raises InvalidFile, pointing at `/initial`, when its file does not fit.
    """
    generator = AnycostSupernet(space)
    if recipe.initial:
        load_weights(generator, Path(recipe.initial))
    if recipe.sampling.sort:
        rng = torch.Generator().manual_seed(recipe.seed)
        latents = torch.randn(SORTING_STYLES, generator.style_dim, generator=rng)
        with torch.no_grad():
            sort_channels(generator, generator.styles(latents)[:, 0])
    return generator


def new_discriminator(recipe: AnycostRecipe, space: AnycostSpace) -> Discriminator:
    """For the resolutions that it is to see.

    Raises InvalidFile when its file is of no stage that it could go on from.
    """
    size = DiscriminatorSize(
        resolution=recipe.generator.resolution,
        channel_multiplier=recipe.critic.channel_multiplier,
        channel_max=recipe.critic.channel_max,
        image_channels=recipe.generator.image_channels,
    )
    discriminator = _discriminator(recipe, space, size)
    if recipe.critic.weights:
        file = Path(recipe.critic.weights)
        warm_start(discriminator, read_weights(file), source=str(file))
    return discriminator


def _discriminator(
    recipe: AnycostRecipe, space: AnycostSpace, size: DiscriminatorSize
) -> Discriminator:
    classes = recipe.generator.classes
    code_size = len(RATIOS) * len(space.full_channels) if recipe.critic.conditioned else 0
    levels = len(space.resolutions)
    match recipe.sampling.resolutions:
        case "highest" if not code_size:
            return PlainDiscriminator(size, classes=classes)
        case "highest":
            return AnycostDiscriminator(size, levels=1, code_size=code_size, classes=classes)
        case "all":
            return JointDiscriminator(size, levels=levels, code_size=code_size, classes=classes)
    return AnycostDiscriminator(size, levels=levels, code_size=code_size, classes=classes)


def judge(
    discriminator: Discriminator,
    levels: Sequence[Tensor],
    code: Tensor | None,
    labels: Tensor | None,
) -> list[Tensor]:
    """Logits (n, 1) in float32 for each of the levels (n, c, r, r), or one for all of them where
    the discriminator judges them together; code and labels as it takes them."""
    match discriminator:
        case JointDiscriminator():
            logits = [discriminator.judge_together(levels, code, labels=labels)]
        case PlainDiscriminator():
            logits = [discriminator(level, labels=labels) for level in levels]
        case _:
            logits = [discriminator(level, code, labels=labels) for level in levels]
    return [each.float() for each in logits]
