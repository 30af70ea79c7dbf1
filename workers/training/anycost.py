"""One step of adversarial training of an Anycost supernet.

Anycost GANs for Interactive Image Synthesis and Editing (Lin et al., CVPR 2021), section 3: a
sampled resolution and sampled widths each step, a discriminator that is told the architecture, and
distillation from the full generator. Here the three stages of the paper are one run, and the
teacher is the moving average of the full generator itself.
"""

import copy
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import torch
from torch import Tensor, nn

from search_service.domain.space import Architecture, largest
from search_service.recipes.anycost import AnycostRecipe
from search_service.spaces.anycost import AnycostSpace
from workers.discriminators.anycost import (
    AnycostDiscriminator,
    DiscriminatorSize,
    architecture_code,
)
from workers.images import from_uint8, grid, png, read_fashion_mnist, to_uint8, upsample
from workers.supernets.anycost import AnycostSupernet
from workers.training.anycost_draws import AnycostDraws
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

GRID_SEED = 4  # of the latents that every grid shows, so that grids can be compared
GRID_COLUMNS = 16


class AnycostTraining:
    """The networks, their optimisers, and the step that improves them."""

    def __init__(self, recipe: AnycostRecipe, images: Tensor) -> None:
        """`images` uint8 (count, c, r, r): the real ones."""
        self.recipe, self.images = recipe, images
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
        real = self._real(draws, side)
        real_code = self.code(draws.architecture(self.space, side, recipe))
        subnet = draws.architecture(self.space, side, recipe)
        with torch.no_grad(), self._precision():
            fake = self._pyramid(draws, subnet)[-1]
        with self._precision():
            real_logits = self.discriminator(real, real_code).float()
            fake_logits = self.discriminator(fake, self.code(subnet)).float()
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
                logits = self.discriminator(real, self.code(subnet)).float()
            penalty = r1_penalty(real, logits)
            torch.autograd.backward(penalty * (recipe.r1.weight / 2 * recipe.r1.every))
            losses["r1"] = penalty.item()
        self.discriminator_adam.step()

        # The generator fools the discriminator with another subnet of another side.
        self.discriminator.requires_grad_(False)
        side = draws.side(recipe.sampling.sides)
        subnet = draws.architecture(self.space, side, recipe)
        latents = draws.latents(recipe.batch, recipe.generator.style_dim, recipe.mixing)
        crossover = draws.crossover(self.generator.style_count)
        noise = self.generator.random_noise(draws.torch)
        with self._precision():
            styles = self.generator.styles(latents, crossover=crossover)
            pyramid = self.generator.synthesize(styles, self.space.channels(subnet), noise)
            logits = self.discriminator(pyramid[-1], self.code(subnet)).float()
        loss_g = generator_nonsaturating(logits)
        losses["generator"] = loss_g.item()

        # Its image is to be the averaged full generator's, as far as its width allows.
        teaching = index * recipe.batch >= recipe.distillation.from_images
        if teaching and recipe.distillation.weight and subnet != largest(self.space):
            with torch.no_grad(), self._precision():
                styles = self.average.styles(latents, crossover=crossover)
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

    @torch.no_grad()
    def grid(self) -> bytes:
        """Of the average: rows at ratios 1, 0.75, 0.5, 0.25, then at lower resolutions."""
        generator, space = self.average, self.space
        rng = torch.Generator().manual_seed(GRID_SEED)
        latents = torch.randn(GRID_COLUMNS, generator.style_dim, generator=rng)
        shown: list[Architecture] = [space.uniform(ratio) for ratio in (1.0, 0.75, 0.5, 0.25)]
        shown += [space.uniform(1.0, side) for side in reversed(space.resolutions[:-1])]
        side = self.recipe.generator.resolution
        rows = [to_uint8(upsample(generator(latents, each), side)) for each in shown]
        return png(grid(torch.cat(rows).numpy(), GRID_COLUMNS))

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

    def _real(self, draws: AnycostDraws, side: int) -> Tensor:
        batch = self.images[draws.indices(self.recipe.batch, len(self.images))]
        (shrunk,) = area_pyramid(from_uint8(batch), [side])
        return shrunk

    def _pyramid(self, draws: AnycostDraws, subnet: Architecture) -> list[Tensor]:
        latents = draws.latents(self.recipe.batch, self.recipe.generator.style_dim)
        noise = self.generator.random_noise(draws.torch)
        styles = self.generator.styles(latents)
        return self.generator.synthesize(styles, self.space.channels(subnet), noise)


def begin(recipe: AnycostRecipe, data: Path | None) -> AnycostTraining:
    """The training of this recipe on Fashion-MNIST from the folder `data`, or its usual place."""
    real = read_fashion_mnist(data)
    return AnycostTraining(recipe, torch.from_numpy(real.pixels)[:, None])


METHODS.register("anycost")(begin)
