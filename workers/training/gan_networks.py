"""The two networks of a training from latents alone, from its recipe."""

from typing import Protocol

import torch
from torch import Tensor, nn

from search_service.recipes.gan import GanRecipe
from search_service.spaces.anycost import AnycostSpace
from workers.discriminators.anycost import DiscriminatorSize, PlainDiscriminator
from workers.discriminators.dcgan import DcganDiscriminator
from workers.evaluators.channels_last import channels_last
from workers.generators.dcgan import DcganGenerator
from workers.supernets.anycost import AnycostSupernet


class Pair(Protocol):
    """A generator, its discriminator, and how the first is run."""

    @property
    def generator(self) -> nn.Module:
        """Its weights are averaged over the run."""
        ...

    @property
    def critic(self) -> nn.Module:
        """Takes images (n, c, r, r) and `labels`, gives logits (n, 1)."""
        ...

    @property
    def latent_dim(self) -> int:
        """Numbers of a latent."""
        ...

    def images(
        self,
        generator: nn.Module,
        z: Tensor,
        *,
        labels: Tensor | None = None,
        rng: torch.Generator | None = None,
    ) -> Tensor:
        """(n, c, r, r) of `generator` or of its average. `z` (n, latent_dim), or with a row of
        class weights behind each; whatever else is random comes from `rng`, or is fixed."""
        ...


class DcganPair:
    """Strided convolutions."""

    def __init__(self, recipe: GanRecipe) -> None:
        size = recipe.dcgan
        self.latent_dim = size.latent_dim
        self.generator = channels_last(
            DcganGenerator(
                resolution=recipe.resolution,
                latent_dim=size.latent_dim,
                channels=size.generator_channels,
                image_channels=recipe.image_channels,
                classes=recipe.classes,
            )
        )
        self.critic = channels_last(
            DcganDiscriminator(
                resolution=recipe.resolution,
                channels=size.critic_channels,
                hidden=size.critic_hidden,
                image_channels=recipe.image_channels,
                classes=recipe.classes,
            )
        )

    def images(
        self,
        generator: nn.Module,
        z: Tensor,
        *,
        labels: Tensor | None = None,
        rng: torch.Generator | None = None,
    ) -> Tensor:
        """See Pair."""
        del rng
        made: Tensor = generator(z, labels=labels)
        return made


class Stylegan2Pair:
    """The full generator of an Anycost net at its full side, and StyleGAN2's discriminator."""

    def __init__(self, recipe: GanRecipe) -> None:
        size = recipe.stylegan2
        self._space = AnycostSpace(recipe.generator)
        self.latent_dim = size.style_dim
        self.generator = AnycostSupernet(self._space)
        self.critic = PlainDiscriminator(
            DiscriminatorSize(
                resolution=recipe.resolution,
                channel_multiplier=size.critic_channel_multiplier,
                channel_max=size.critic_channel_max,
                image_channels=recipe.image_channels,
            ),
            classes=recipe.classes,
        )

    def images(
        self,
        generator: nn.Module,
        z: Tensor,
        *,
        labels: Tensor | None = None,
        rng: torch.Generator | None = None,
    ) -> Tensor:
        """See Pair; the noise maps are the checkpoint's where there is no `rng`."""
        assert isinstance(generator, AnycostSupernet)
        noise = generator.stored_noise() if rng is None else generator.random_noise(rng)
        styles = generator.styles(z, labels=labels)
        return generator.synthesize(styles, self._space.full_channels, noise)[-1]


def new_pair(recipe: GanRecipe) -> Pair:
    """With fresh random weights."""
    return DcganPair(recipe) if recipe.pair == "dcgan" else Stylegan2Pair(recipe)
