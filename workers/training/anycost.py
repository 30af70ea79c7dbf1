"""One step of adversarial training of an Anycost generator, in any of its stages.

Anycost GANs for Interactive Image Synthesis and Editing (Lin et al., CVPR 2021), section 3: first
a plain StyleGAN2, then one whose resolutions are sampled, then one whose widths are too, judged by
a discriminator that is told them; from the second stage on every subnet is pulled towards the full
generator of the stage before. The recipe says which of this a run does. Where the generator has
classes, the real images come with theirs, and generated ones are given some as frequent as those.
"""

import copy
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from search_service.recipes.anycost import AnycostRecipe
from search_service.spaces.anycost import AnycostSpace
from search_service.spaces.anycost_sampling import Drawn
from workers.training.anycost_critic import AnycostCritic, of_sides
from workers.training.anycost_data import open_images
from workers.training.anycost_draws import AnycostDraws
from workers.training.anycost_grid import picture
from workers.training.anycost_material import AnycostMaterial, Real
from workers.training.anycost_networks import new_generator
from workers.training.anycost_teaching import Teaching
from workers.training.augmented import Augmented
from workers.training.averaging import decay, update_average
from workers.training.draws import AUGMENTATION, WATCHING
from workers.training.losses import generator_nonsaturating
from workers.training.methods import METHODS
from workers.training.optimisers import backward, new_adam, set_rate
from workers.training.parts import Part, load_state_of, state_of
from workers.training.path_length import PathLengthMean, path_lengths
from workers.training.precision import autocast
from workers.training.watching import is_due


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
        self.recipe, self.held_out = recipe, held_out
        self.material = AnycostMaterial(recipe, images, labels)
        torch.manual_seed(recipe.seed)
        self.space = AnycostSpace(recipe.generator)
        self.generator = new_generator(recipe, self.space)
        self.average = copy.deepcopy(self.generator).requires_grad_(False)
        self.critic = AnycostCritic(recipe, self.space, self.material)
        self.discriminator = self.critic.network
        self.teaching = Teaching(recipe, self.average)
        self.path_mean = PathLengthMean(recipe.path_length.decay)
        self.generator_adam = new_adam([self.generator], recipe.adam)

    def step(self, index: int) -> dict[str, float]:
        """One update of both networks and of the average; returns the losses by name."""
        draws = AnycostDraws(self.recipe.seed, index)
        self._set_learning_rate(index)
        shown = self.critic.augmented(draws.apart(AUGMENTATION))
        losses = self.critic.step(draws, shown, self._pyramid, index)
        losses |= self._generator_step(draws, shown, index)
        if self.recipe.path_length.weight and index % self.recipe.path_length.every == 0:
            losses |= self._path_length_step(draws)

        # What is kept is the average.
        seen = (index + 1) * self.recipe.batch
        kept = decay(self.recipe.averaging, images_seen=seen, batch=self.recipe.batch)
        update_average(self.average, self.generator, kept)
        if self.held_out is not None and is_due(self.recipe, index):
            losses |= self.critic.watch(draws.apart(WATCHING), self.held_out)
        return losses

    def _generator_step(
        self, draws: AnycostDraws, shown: Augmented[list[Tensor]], index: int
    ) -> dict[str, float]:
        recipe = self.recipe

        # The generator fools the discriminator with another subnet at other sides.
        self.discriminator.requires_grad_(False)
        sides = draws.sides(recipe.sides, recipe.sampling)
        subnet = draws.subnet(self.space, sides[-1], recipe.sampling)
        labels = self.material.labels(draws)
        latents = draws.latents(recipe.batch, recipe.generator.style_dim, recipe.mixing)
        crossover = draws.crossover(self.generator.style_count)
        noise = self.generator.random_noise(draws.torch)
        with autocast(self.recipe.precision):
            styles = self.generator.styles(latents, labels=labels, crossover=crossover)
            channels = self.space.channels(subnet.architecture)
            pyramid = self.generator.synthesize(styles, channels, noise)
            seen = map(shown.shown_generated, of_sides(pyramid, sides))
            logits = self.critic.judge(seen, self.critic.code(subnet), labels)
        loss = torch.stack([generator_nonsaturating(each) for each in logits]).sum()
        losses = {"generator": loss.item()}

        # Its images are to be the full generator's, as far as its width allows.
        if self.teaching.concerns(subnet.architecture, index):
            with autocast(self.recipe.precision):
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
        labels = self.material.labels(draws)
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

    def _parts(self) -> dict[str, Part]:
        return {
            "generator": self.generator,
            "average": self.average,
            "discriminator": self.discriminator,
            "generator_adam": self.generator_adam,
            "discriminator_adam": self.critic.adam,
            "path_mean": self.path_mean,
        }

    def _set_learning_rate(self, index: int) -> None:
        start = self.recipe.adam.decay_from
        progress = index / self.recipe.steps
        share = 1.0 if progress < start else (1 - progress) / (1 - start)
        rate = self.recipe.adam.learning_rate * share
        set_rate([self.generator_adam, self.critic.adam], rate)

    def _pyramid(self, draws: AnycostDraws, subnet: Drawn, labels: Tensor | None) -> list[Tensor]:
        latents = draws.latents(self.recipe.batch, self.recipe.generator.style_dim)
        noise = self.generator.random_noise(draws.torch)
        styles = self.generator.styles(latents, labels=labels)
        return self.generator.synthesize(styles, self.space.channels(subnet.architecture), noise)


def begin(recipe: AnycostRecipe, data: Path | None) -> AnycostTraining:
    """The training of this recipe on its data set, from the folder `data` or its usual place."""
    train, held_out = (open_images(recipe, data, split) for split in ("train", "test"))
    return AnycostTraining(recipe, *train, held_out=held_out)


METHODS.register("anycost")(begin)
