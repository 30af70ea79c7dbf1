"""One step of adversarial training of an Anycost generator, in any of its stages.

Anycost GANs for Interactive Image Synthesis and Editing (Lin et al., CVPR 2021), section 3: first
a plain StyleGAN2, then one whose resolutions are sampled, then one whose widths are too, judged by
a discriminator that is told them; from the second stage on every subnet is pulled towards the full
generator of the stage before. The recipe says which of this a run does. Where the generator has
classes, the real images come with theirs, and generated ones are given some as frequent as those.
"""

import copy
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import torch
from torch import Tensor, nn

from search_service.errors import InvalidInput
from search_service.recipes.anycost import AnycostRecipe
from search_service.spaces.anycost import AnycostSpace
from search_service.spaces.anycost_sampling import Drawn
from workers.discriminators.anycost import architecture_code
from workers.discriminators.joint import JointDiscriminator
from workers.images import from_uint8
from workers.training.anycost_data import open_images
from workers.training.anycost_draws import AnycostDraws
from workers.training.anycost_grid import picture
from workers.training.anycost_networks import judge, new_discriminator, new_generator
from workers.training.anycost_teaching import Teaching
from workers.training.augmented import Augmented
from workers.training.averaging import decay, update_average
from workers.training.draws import AUGMENTATION, WATCHING, Draws
from workers.training.losses import (
    area_pyramid,
    discriminator_logistic,
    generator_nonsaturating,
    r1_penalty,
)
from workers.training.methods import METHODS
from workers.training.optimisers import backward
from workers.training.parts import Part, load_state_of, state_of
from workers.training.path_length import PathLengthMean, path_lengths
from workers.training.precision import autocast
from workers.training.watching import BATCHES, accuracies, is_due

Real = tuple[Tensor, Tensor | None]  # images uint8 (count, c, r, r) and their labels


class AnycostTraining:
    """The networks, their optimisers, and the step that improves them."""

    def __init__(
        self,
        recipe: AnycostRecipe,
        images: Tensor,
        labels: Tensor | None = None,
        *,
        held_out: Real | None = None,
    ) -> None:
        """`images` uint8 (count, c, r, r): the real ones; `labels` (count,): the class of each.
        `held_out`: others, never learnt from; with them the log tells how well the discriminator
        knows either.

        Labels are not looked at where the generator has no classes. Raises InvalidInput when it
        has and there are none, InvalidFile when a file that the recipe names does not fit.
        """
        classes = recipe.generator.classes
        if classes and labels is None:
            raise InvalidInput("a generator with classes is trained on images with labels")
        self.recipe, self.images, self.labels = recipe, images, labels if classes else None
        self.held_out = held_out
        torch.manual_seed(recipe.seed)
        self.space = AnycostSpace(recipe.generator)
        self.generator = new_generator(recipe, self.space)
        self.average = copy.deepcopy(self.generator).requires_grad_(False)
        self.discriminator = new_discriminator(recipe, self.space)
        self.teaching = Teaching(recipe, self.average)
        self.path_mean = PathLengthMean(recipe.path_length.decay)
        self.generator_adam = self._adam(self.generator)
        self.discriminator_adam = self._adam(self.discriminator)

    def step(self, index: int) -> dict[str, float]:
        """One update of both networks and of the average; returns the losses by name."""
        draws = AnycostDraws(self.recipe.seed, index)
        self._set_learning_rate(index)
        critic = self._critic(draws.apart(AUGMENTATION))
        losses = self._discriminator_step(draws, critic, index)
        losses |= self._generator_step(draws, critic, index)
        if self.recipe.path_length.weight and index % self.recipe.path_length.every == 0:
            losses |= self._path_length_step(draws)

        # What is kept is the average.
        seen = (index + 1) * self.recipe.batch
        kept = decay(self.recipe.averaging, images_seen=seen, batch=self.recipe.batch)
        update_average(self.average, self.generator, kept)
        if self.held_out is not None and is_due(self.recipe, index):
            losses |= self._watch(draws.apart(WATCHING), self.held_out)
        return losses

    def _discriminator_step(
        self, draws: AnycostDraws, critic: Augmented[list[Tensor]], index: int
    ) -> dict[str, float]:
        recipe = self.recipe

        # The discriminator tells real from fake images of the same sides. Each kind comes with an
        # architecture, the real ones with a drawn one, or the condition alone would tell.
        sides = draws.sides(recipe.sides, recipe.sampling)
        of = (self.images, self.labels)
        real, real_labels = self._real(draws, sides, of=of, count=recipe.batch)
        real_code = self._code(draws.subnet(self.space, sides[-1], recipe.sampling))
        subnet = draws.subnet(self.space, sides[-1], recipe.sampling)
        code, labels = self._code(subnet), self._labels(draws)
        with torch.no_grad(), self._precision():
            fake = _of_sides(self._pyramid(draws, subnet, labels), sides)
        with self._precision():
            on_real = self._judge(map(critic.shown_real, real), real_code, real_labels)
            on_fake = self._judge(map(critic.shown_fake, fake), code, labels)
        pairs = zip(on_real, on_fake, strict=True)
        loss = torch.stack([discriminator_logistic(r, f) for r, f in pairs]).sum()
        backward(self.discriminator_adam, loss)
        losses = {
            "discriminator": loss.item(),
            "real_logit": torch.stack(on_real).mean().item(),
            "fake_logit": torch.stack(on_fake).mean().item(),
        }

        # Every now and then its slope at real images is held down, at one of the sides.
        if index % recipe.r1.every == 0:
            if not isinstance(self.discriminator, JointDiscriminator):
                real = [real[int(draws.rng.integers(len(real)))]]
            for level in real:
                level.requires_grad_()
            with self._precision():
                (logits,) = self._judge(map(critic.shown_real, real), code, real_labels)
            penalty = r1_penalty(real, logits)
            torch.autograd.backward(penalty * (recipe.r1.weight / 2 * recipe.r1.every))
            losses["r1"] = penalty.item()
        self.discriminator_adam.step()
        return losses

    def _generator_step(
        self, draws: AnycostDraws, critic: Augmented[list[Tensor]], index: int
    ) -> dict[str, float]:
        recipe = self.recipe

        # The generator fools the discriminator with another subnet at other sides.
        self.discriminator.requires_grad_(False)
        sides = draws.sides(recipe.sides, recipe.sampling)
        subnet = draws.subnet(self.space, sides[-1], recipe.sampling)
        labels = self._labels(draws)
        latents = draws.latents(recipe.batch, recipe.generator.style_dim, recipe.mixing)
        crossover = draws.crossover(self.generator.style_count)
        noise = self.generator.random_noise(draws.torch)
        with self._precision():
            styles = self.generator.styles(latents, labels=labels, crossover=crossover)
            channels = self.space.channels(subnet.architecture)
            pyramid = self.generator.synthesize(styles, channels, noise)
            shown = map(critic.shown_generated, _of_sides(pyramid, sides))
            logits = self._judge(shown, self._code(subnet), labels)
        loss = torch.stack([generator_nonsaturating(each) for each in logits]).sum()
        losses = {"generator": loss.item()}

        # Its images are to be the full generator's, as far as its width allows.
        if self.teaching.concerns(subnet.architecture, index):
            with self._precision():
                full = self.teaching.full_image(latents, labels, crossover, noise)
            terms = self.teaching.distance(pyramid, full)
            loss = loss + recipe.distillation.weight * terms["distillation"]
            losses |= {name: term.item() for name, term in terms.items()}
        backward(self.generator_adam, loss)
        self.generator_adam.step()
        self.discriminator.requires_grad_(True)
        return losses

    def _path_length_step(self, draws: AnycostDraws) -> dict[str, float]:
        """An update of its own, with fewer images than a batch: it costs twice a plain one."""
        settings = self.recipe.path_length
        subnet = draws.subnet(self.space, self.space.resolutions[-1], self.recipe.sampling)
        latents = draws.latents(self.recipe.batch, self.recipe.generator.style_dim)
        labels = self._labels(draws)
        few = max(1, len(latents) // settings.share)
        styles = self.generator.styles(
            latents[:few], labels=None if labels is None else labels[:few]
        )
        noise = self.generator.random_noise(draws.torch)
        channels = self.space.channels(subnet.architecture)
        image = self.generator.synthesize(styles, channels, noise)[-1]
        direction = torch.randn(image.shape, generator=draws.torch)
        lengths = path_lengths(image, styles, direction)
        penalty = self.path_mean.penalty(lengths)
        backward(self.generator_adam, penalty * (settings.weight * settings.every))
        self.generator_adam.step()
        return {"path_length": lengths.mean().item(), "path_penalty": penalty.item()}

    def _critic(self, draws: Draws) -> Augmented[list[Tensor]]:
        """Of images of one resolution; the code and the labels are handed on."""
        return Augmented(self._judge, self.recipe.augment, draws.torch)

    def _judge(
        self, levels: Iterable[Tensor], code: Tensor | None, labels: Tensor | None
    ) -> list[Tensor]:
        return judge(self.discriminator, list(levels), code, labels)

    def _watch(self, draws: Draws, held_out: Real) -> dict[str, float]:
        """By real images at the sides that it sees together, or at the highest one, told that they
        are of the full architecture."""
        critic, sides = self._critic(draws), list(self.recipe.sides)
        if self.recipe.sampling.resolutions != "all":
            sides = sides[-1:]
        ratios = (1.0,) * len(self.space.full_channels)
        full = Drawn(architecture=self.space.uniform(1.0), ratios=ratios)

        def look(batch: tuple[list[Tensor], Tensor | None]) -> list[Tensor]:
            levels, labels = batch
            return self._judge(map(critic.shown_real, levels), self._code(full), labels)

        count = BATCHES * self.recipe.batch
        train, others = (
            self._real(draws, sides, of=of, count=count)
            for of in ((self.images, self.labels), held_out)
        )
        return accuracies(self.discriminator, look, train=train, held_out=others)

    def state(self) -> dict[str, dict[str, object]]:
        """All that `step` changes, by part."""
        return state_of(self._parts())

    def load_state(self, state: dict[str, dict[str, object]]) -> None:
        """Go on from `state()`."""
        load_state_of(self._parts(), state)

    def kept(self) -> Mapping[str, nn.Module]:
        """The supernet to use is the average; the discriminator is for a later stage."""
        return {"average": self.average, "discriminator": self.discriminator}

    def grid(self) -> bytes:
        """Of the average; see `picture`."""
        return picture(self.average)

    def _code(self, subnet: Drawn) -> Tensor | None:
        """The discriminator's condition, (4 entries,), if it takes one."""
        return architecture_code(subnet.ratios) if self.recipe.critic.conditioned else None

    def _parts(self) -> dict[str, Part]:
        return {
            "generator": self.generator,
            "average": self.average,
            "discriminator": self.discriminator,
            "generator_adam": self.generator_adam,
            "discriminator_adam": self.discriminator_adam,
            "path_mean": self.path_mean,
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

    def _real(
        self, draws: Draws, sides: Sequence[int], *, of: Real, count: int
    ) -> tuple[list[Tensor], Tensor | None]:
        """So many real images at each of the sides, and their labels."""
        pixels, labels = of
        places = draws.indices(count, len(pixels))
        images = from_uint8(pixels[places])
        if self.recipe.flip:
            mirrored = draws.coins(count)[:, None, None, None]
            images = torch.where(mirrored, images.flip(3), images)
        shown = None if self.labels is None or labels is None else labels[places]
        return area_pyramid(images, sides), shown

    def _labels(self, draws: AnycostDraws) -> Tensor | None:
        """Classes for generated images: those of real images drawn for it."""
        if self.labels is None:
            return None
        return self.labels[draws.indices(self.recipe.batch, len(self.labels))]

    def _pyramid(self, draws: AnycostDraws, subnet: Drawn, labels: Tensor | None) -> list[Tensor]:
        latents = draws.latents(self.recipe.batch, self.recipe.generator.style_dim)
        noise = self.generator.random_noise(draws.torch)
        styles = self.generator.styles(latents, labels=labels)
        return self.generator.synthesize(styles, self.space.channels(subnet.architecture), noise)


def _of_sides(pyramid: Sequence[Tensor], sides: Sequence[int]) -> list[Tensor]:
    return [level for level in pyramid if level.shape[-1] in sides]


def begin(recipe: AnycostRecipe, data: Path | None) -> AnycostTraining:
    """The training of this recipe on its data set, from the folder `data` or its usual place."""
    train, held_out = (open_images(recipe, data, split) for split in ("train", "test"))
    return AnycostTraining(recipe, *train, held_out=held_out)


METHODS.register("anycost")(begin)
