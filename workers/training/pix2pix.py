"""One step of training a generator on pairs of images.

Image-to-Image Translation with Conditional Adversarial Networks (Isola et al., 2017), section 3:
the discriminator sees the input beside the image that it judges, and the generator's image is to be
near the true one in L1. Where not said otherwise, its discriminator has the hinge loss that GAN
Compression trains its teachers with.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from search_service.errors import InvalidInput
from search_service.recipes.pix2pix import Pix2pixRecipe
from workers.training.augmented import Augmented
from workers.training.critics import critic_loss, in_float32
from workers.training.draws import AUGMENTATION, WATCHING, Draws
from workers.training.methods import METHODS
from workers.training.objectives import ADVERSARIAL, Prediction
from workers.training.optimisers import backward, new_adam, set_learning_rate
from workers.training.parts import Part, load_state_of, state_of
from workers.training.perceptual import open_perceptual
from workers.training.precision import autocast
from workers.training.translation_data import (
    TranslationData,
    draw_batch,
    open_data,
    picture,
    shown_inputs,
    watched_batches,
)
from workers.training.translation_networks import new_critic, new_generator
from workers.training.watching import accuracies, boundary, is_due


class Pix2pixTraining:
    """The two networks, their optimisers, and the step that improves them."""

    def __init__(self, recipe: Pix2pixRecipe, data: TranslationData) -> None:
        if not data.train.paired:
            raise InvalidInput(
                f"pix2pix needs pairs, and {recipe.dataset} has none: cyclegan does without",
                pointer="/dataset",
            )
        self.recipe, self.data = recipe, data
        self.loss = ADVERSARIAL[recipe.adversarial]
        torch.manual_seed(recipe.seed)
        sizes = data.sizes
        self.perceptual = open_perceptual(
            recipe.perceptual, channels=sizes.targets, sides=[data.sides]
        )
        self.generator = new_generator(recipe.generator, sizes)
        self.critic = new_critic(recipe.critic, sizes.inputs + sizes.targets)
        self.generator_adam = new_adam([self.generator], recipe.adam)
        self.critic_adam = new_adam([self.critic], recipe.adam)

    def step(self, index: int) -> dict[str, float]:
        """One update of the discriminator, then one of the generator."""
        recipe, draws = self.recipe, Draws(self.recipe.seed, index)
        adams = (self.generator_adam, self.critic_adam)
        set_learning_rate(adams, recipe.adam, index=index, steps=recipe.steps)
        critic = self._critic(draws.apart(AUGMENTATION))
        x, real = draw_batch(self.data.train, draws, recipe.batch, flip=recipe.flip)
        with autocast(recipe.precision):
            fake = self.generator(x).float()

        # The discriminator tells the true image from the generator's, the input beside it.
        with autocast(recipe.precision):
            seen_real, seen_fake = torch.cat([x, real], 1), torch.cat([x, fake], 1)
            shown = critic.shown_real(seen_real), critic.shown_fake(seen_fake)
            loss_d, losses = critic_loss(self.critic, *shown, self.loss, draws)
        backward(self.critic_adam, loss_d)
        self.critic_adam.step()

        # The generator fools it, and stays near the true image, to the eye of a network as well.
        self.critic.requires_grad_(False)
        with autocast(recipe.precision):
            adversarial = self.loss.generator(in_float32(critic.on_generated(seen_fake)))
        reconstruction = F.l1_loss(fake, real)
        loss_g = adversarial + recipe.reconstruction * reconstruction
        if self.perceptual is not None:
            perceptual = self.perceptual(fake, real)
            loss_g = loss_g + recipe.perceptual.weight * perceptual
            losses["perceptual"] = perceptual.item()
        backward(self.generator_adam, loss_g)
        self.generator_adam.step()
        self.critic.requires_grad_(True)
        if is_due(recipe, index):
            losses |= self._watch(draws.apart(WATCHING), losses)
        return losses | {
            "adversarial": adversarial.item(),
            "reconstruction": reconstruction.item(),
            "generator": loss_g.item(),
        }

    def _critic(self, draws: Draws) -> Augmented[Prediction]:
        targets = self.data.sizes.targets
        return Augmented(self.critic, self.recipe.augment, draws.torch, image_channels=targets)

    def _watch(self, draws: Draws, losses: Mapping[str, float]) -> dict[str, float]:
        critic = self._critic(draws)
        return accuracies(
            self.critic,
            lambda pair: critic.on_real(torch.cat(pair, 1)),
            **watched_batches(self.data, draws, self.recipe),
            boundary=boundary(self.loss, losses),
        )

    def state(self) -> dict[str, dict[str, object]]:
        """See Training."""
        return state_of(self._parts())

    def load_state(self, state: dict[str, dict[str, object]]) -> None:
        """See Training."""
        load_state_of(self._parts(), state)

    def kept(self) -> Mapping[str, nn.Module]:
        """See Training."""
        return {"generator": self.generator, "discriminator": self.critic}

    @torch.no_grad()
    def grid(self) -> bytes:
        """Rows: inputs, the true images, the generator's."""
        x, real = shown_inputs(self.data)
        return picture([x, real, self.generator(x)])

    def _parts(self) -> dict[str, Part]:
        return {
            "generator": self.generator,
            "discriminator": self.critic,
            "generator_adam": self.generator_adam,
            "discriminator_adam": self.critic_adam,
        }


def begin(recipe: Pix2pixRecipe, folder: Path | None) -> Pix2pixTraining:
    """See Method."""
    return Pix2pixTraining(recipe, open_data(recipe.dataset, folder))


METHODS.register("pix2pix")(begin)
