"""One step of adversarial training of an Anycost supernet.

Anycost GANs for Interactive Image Synthesis and Editing (Lin et al., CVPR 2021), section 3: a
sampled resolution and sampled widths each step, a discriminator that is told the architecture, and
distillation from the full generator. Here the three stages of the paper are one run, and the
teacher is the moving average of the full generator itself. Where the generator has classes, the
real images come with theirs, and generated ones are given some as frequent as those.
"""

import copy
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import torch
from torch import Tensor, nn

from search_service.domain.space import Architecture, largest
from search_service.errors import InvalidInput
from search_service.recipes.anycost import AnycostRecipe
from search_service.spaces.anycost import AnycostSpace
from workers.discriminators.anycost import (
    AnycostDiscriminator,
    DiscriminatorSize,
    architecture_code,
)
from workers.images import from_uint8
from workers.supernets.anycost import AnycostSupernet
from workers.training.anycost_data import open_images
from workers.training.anycost_draws import AnycostDraws
from workers.training.anycost_grid import picture
from workers.training.averaging import decay, update_average
from workers.training.losses import (
    area_pyramid,
    discriminator_logistic,
    generator_nonsaturating,
    image_distillation,
    r1_penalty,
)
from workers.training.methods import METHODS
from workers.training.precision import autocast


class AnycostTraining:
    """The networks, their optimisers, and the step that improves them."""

    def __init__(self, recipe: AnycostRecipe, images: Tensor, labels: Tensor | None = None) -> None:
        """`images` uint8 (count, c, r, r): the real ones; `labels` (count,): the class of each.

        Labels are not looked at where the generator has no classes. Raises InvalidInput when it
        has and there are none.
        """
        classes = recipe.generator.classes
        if classes and labels is None:
            raise InvalidInput("a generator with classes is trained on images with labels")
        self.recipe, self.images, self.labels = recipe, images, labels if classes else None
        torch.manual_seed(recipe.seed)
        self.space = AnycostSpace(recipe.generator)
        self.generator = AnycostSupernet(self.space)
        self.average = copy.deepcopy(self.generator).requires_grad_(False)
        size = DiscriminatorSize(
            resolution=recipe.generator.resolution,
            channel_multiplier=recipe.critic.channel_multiplier,
            channel_max=recipe.critic.channel_max,
            image_channels=recipe.generator.image_channels,
        )
        self.discriminator = AnycostDiscriminator(
            size,
            levels=len(self.space.resolutions),
            code_size=len(self.code(largest(self.space))),
            classes=classes,
        )
        self.generator_adam = self._adam(self.generator)
        self.discriminator_adam = self._adam(self.discriminator)

    def step(self, index: int) -> dict[str, float]:
        """One update of both networks and of the average; returns the losses by name."""
        recipe, draws = self.recipe, AnycostDraws(self.recipe.seed, index)
        self._set_learning_rate(index)

        # The discriminator tells real from fake images of one side. Each kind comes with an
        # architecture, the real ones with a drawn one, or the condition alone would tell.
        side = draws.side(recipe.sampling.sides)
        real, real_labels = self._real(draws, side)
        real_code = self.code(draws.architecture(self.space, side, recipe))
        subnet = draws.architecture(self.space, side, recipe)
        labels = self._labels(draws)
        with torch.no_grad(), self._precision():
            fake = self._pyramid(draws, subnet, labels)[-1]
        with self._precision():
            real_logits = self.discriminator(real, real_code, labels=real_labels).float()
            fake_logits = self.discriminator(fake, self.code(subnet), labels=labels).float()
        loss_d = discriminator_logistic(real_logits, fake_logits)
        self.discriminator_adam.zero_grad()
        torch.autograd.backward(loss_d)
        losses = {
            "discriminator": loss_d.item(),
            "real_logit": real_logits.mean().item(),
            "fake_logit": fake_logits.mean().item(),
        }

        # Every now and then its slope at real images is held down.
        if index % recipe.r1.every == 0:
            real.requires_grad_()
            with self._precision():
                logits = self.discriminator(real, self.code(subnet), labels=real_labels).float()
            penalty = r1_penalty(real, logits)
            torch.autograd.backward(penalty * (recipe.r1.weight / 2 * recipe.r1.every))
            losses["r1"] = penalty.item()
        self.discriminator_adam.step()

        # The generator fools the discriminator with another subnet of another side.
        self.discriminator.requires_grad_(False)
        side = draws.side(recipe.sampling.sides)
        subnet = draws.architecture(self.space, side, recipe)
        labels = self._labels(draws)
        latents = draws.latents(recipe.batch, recipe.generator.style_dim, recipe.mixing)
        crossover = draws.crossover(self.generator.style_count)
        noise = self.generator.random_noise(draws.torch)
        with self._precision():
            styles = self.generator.styles(latents, labels=labels, crossover=crossover)
            pyramid = self.generator.synthesize(styles, self.space.channels(subnet), noise)
            logits = self.discriminator(pyramid[-1], self.code(subnet), labels=labels).float()
        loss_g = generator_nonsaturating(logits)
        losses["generator"] = loss_g.item()

        # Its image is to be the averaged full generator's, as far as its width allows.
        teaching = index * recipe.batch >= recipe.distillation.from_images
        if teaching and recipe.distillation.weight and subnet != largest(self.space):
            with torch.no_grad(), self._precision():
                styles = self.average.styles(latents, labels=labels, crossover=crossover)
                full = self.average.synthesize(styles, self.space.full_channels, noise)[-1]
            student = [level.float() for level in pyramid if level.shape[-1] >= 8]
            teacher = area_pyramid(full.float(), [level.shape[-1] for level in student])
            distance = image_distillation(student, teacher)
            loss_g = loss_g + recipe.distillation.weight * distance
            losses["distillation"] = distance.item()
        self.generator_adam.zero_grad()
        torch.autograd.backward(loss_g)
        self.generator_adam.step()
        self.discriminator.requires_grad_(True)

        # What is kept is the average.
        seen = (index + 1) * recipe.batch
        kept = decay(recipe.averaging, images_seen=seen, batch=recipe.batch)
        update_average(self.average, self.generator, kept)
        return losses

    def state(self) -> dict[str, dict[str, object]]:
        """All that `step` changes, by part."""
        return {name: part.state_dict() for name, part in self._parts().items()}

    def load_state(self, state: dict[str, dict[str, object]]) -> None:
        """Go on from `state()`."""
        for name, part in self._parts().items():
            part.load_state_dict(state[name])

    def kept(self) -> Mapping[str, nn.Module]:
        """The supernet to use is the average."""
        return {"average": self.average}

    def grid(self) -> bytes:
        """Of the average; see `picture`."""
        return picture(self.average)

    @staticmethod
    def code(architecture: Architecture) -> Tensor:
        """The discriminator's condition, (4 entries,)."""
        return architecture_code(architecture.options[1:])

    def _parts(self) -> dict[str, nn.Module | torch.optim.Adam]:
        return {
            "generator": self.generator,
            "average": self.average,
            "discriminator": self.discriminator,
            "generator_adam": self.generator_adam,
            "discriminator_adam": self.discriminator_adam,
        }

    def _adam(self, network: nn.Module) -> torch.optim.Adam:
        settings = self.recipe.adam
        return torch.optim.Adam(
            network.parameters(),
            lr=settings.learning_rate,
            betas=(settings.beta1, settings.beta2),
            fused=True,
        )

    def _set_learning_rate(self, index: int) -> None:
        start = self.recipe.adam.decay_from
        progress = index / self.recipe.steps
        share = 1.0 if progress < start else (1 - progress) / (1 - start)
        for adam in (self.generator_adam, self.discriminator_adam):
            for group in adam.param_groups:
                group["lr"] = self.recipe.adam.learning_rate * share

    def _precision(self) -> AbstractContextManager[object]:
        return autocast(self.recipe.precision)

    def _real(self, draws: AnycostDraws, side: int) -> tuple[Tensor, Tensor | None]:
        places = draws.indices(self.recipe.batch, len(self.images))
        (shrunk,) = area_pyramid(from_uint8(self.images[places]), [side])
        return shrunk, None if self.labels is None else self.labels[places]

    def _labels(self, draws: AnycostDraws) -> Tensor | None:
        """Classes for generated images: those of real images drawn for it."""
        if self.labels is None:
            return None
        return self.labels[draws.indices(self.recipe.batch, len(self.labels))]

    def _pyramid(
        self, draws: AnycostDraws, subnet: Architecture, labels: Tensor | None
    ) -> list[Tensor]:
        latents = draws.latents(self.recipe.batch, self.recipe.generator.style_dim)
        noise = self.generator.random_noise(draws.torch)
        styles = self.generator.styles(latents, labels=labels)
        return self.generator.synthesize(styles, self.space.channels(subnet), noise)


def begin(recipe: AnycostRecipe, data: Path | None) -> AnycostTraining:
    """The training of this recipe on its data set, from the folder `data` or its usual place."""
    return AnycostTraining(recipe, *open_images(recipe, data))


METHODS.register("anycost")(begin)
