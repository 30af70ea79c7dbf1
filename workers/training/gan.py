"""One step of training a generator from latents alone, against any adversarial loss.

Generative Adversarial Nets (Goodfellow et al., 2014), algorithm 1: the discriminator is updated a
few times, then the generator once. Where the generator has classes, every real image comes with
its own, and generated ones are given some as frequent as those. What the discriminator sees may be
augmented; see `Augmented`.
"""

import copy
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from search_service.recipes.gan import GanRecipe
from workers.images import from_uint8
from workers.training.augmented import Augmented
from workers.training.averaging import decay, update_average
from workers.training.draws import AUGMENTATION, WATCHING, Draws
from workers.training.gan_grid import picture
from workers.training.gan_networks import new_pair
from workers.training.labelled_data import LabelledImages, Wanted, open_labelled
from workers.training.losses import area_pyramid, r1_penalty
from workers.training.methods import METHODS
from workers.training.objectives import ADVERSARIAL, gradient_penalty
from workers.training.optimisers import backward, new_adam, set_learning_rate
from workers.training.parts import Part, load_state_of, state_of
from workers.training.precision import autocast
from workers.training.sharing import mine
from workers.training.watching import BATCHES, accuracies, boundary, is_due

Batch = tuple[Tensor, Tensor | None]  # images and their labels


class GanTraining:
    """The pair, the generator's average, their optimisers, and the step that improves them."""

    def __init__(self, recipe: GanRecipe, train: LabelledImages, held_out: LabelledImages) -> None:
        self.recipe, self.held_out = recipe, held_out
        self.train = train.share(recipe.data_fraction, seed=recipe.seed)
        self.loss = ADVERSARIAL[recipe.adversarial]
        torch.manual_seed(recipe.seed)
        self.pair = new_pair(recipe)
        self.average = copy.deepcopy(self.pair.generator).requires_grad_(False)
        self.generator_adam = new_adam([self.pair.generator], recipe.generator_adam)
        self.critic_adam = new_adam([self.pair.critic], recipe.critic_adam)
        self.part = recipe.batch // recipe.critic_steps  # images of one update

    def step(self, index: int) -> dict[str, float]:
        """The updates of the discriminator, one of the generator, and one of its average."""
        recipe, draws = self.recipe, Draws(self.recipe.seed, index)
        for adam, settings in (
            (self.generator_adam, recipe.generator_adam),
            (self.critic_adam, recipe.critic_adam),
        ):
            set_learning_rate([adam], settings, index=index, steps=recipe.steps)
        critic = self._critic(draws.apart(AUGMENTATION))
        losses: dict[str, float] = {}
        for turn in range(recipe.critic_steps):
            penalised = bool(recipe.r1.weight) and turn == 0 and index % recipe.r1.every == 0
            losses |= self._critic_step(draws, critic, penalised=penalised)
        losses |= self._generator_step(draws, critic)
        seen = (index + 1) * recipe.batch
        kept = decay(recipe.averaging, images_seen=seen, batch=recipe.batch)
        update_average(self.average, self.pair.generator, kept)
        if is_due(recipe, index):
            losses |= self._watch(draws.apart(WATCHING), losses)
        return losses

    def _critic_step(
        self, draws: Draws, critic: Augmented[Tensor], *, penalised: bool
    ) -> dict[str, float]:
        # The discriminator tells real images from generated ones of the same classes.
        real, labels = self._real(self.train, draws, self.part)
        with torch.no_grad(), autocast(self.recipe.precision):
            fake = self._generated(draws, labels).float()
        with autocast(self.recipe.precision):
            on_real = self.loss.real(critic.on_real(real, labels=labels).float())
            on_fake = self.loss.fake(critic.on_fake(fake, labels=labels).float())
        loss = on_real + on_fake
        losses = {"real": on_real.item(), "fake": on_fake.item(), "discriminator": loss.item()}

        # Its slope between them is held near one, where that belongs to the loss.
        if self.loss.penalty:
            share = draws.shares(len(real))[:, None, None, None]
            judge = partial(self.pair.critic, labels=labels)
            ends = critic.shown_real(real), critic.shown_fake(fake)
            penalty = gradient_penalty(judge, *ends, share)
            loss = loss + self.loss.penalty * penalty
            losses["penalty"] = penalty.item()

        # Every now and then its slope at real images is held down.
        if penalised:
            penalty = self._slope(critic, real, labels)
            loss = loss + penalty * (self.recipe.r1.weight / 2 * self.recipe.r1.every)
            losses["r1"] = penalty.item()
        backward(self.critic_adam, loss)
        self.critic_adam.step()
        return losses

    def _generator_step(self, draws: Draws, critic: Augmented[Tensor]) -> dict[str, float]:
        # The generator fools the discriminator with other images.
        self.pair.critic.requires_grad_(False)
        labels = self._labels(draws)
        with autocast(self.recipe.precision):
            fake = self._generated(draws, labels)
            logits = critic.on_generated(fake, labels=labels).float()
        loss = self.loss.generator(logits)
        backward(self.generator_adam, loss)
        self.generator_adam.step()
        self.pair.critic.requires_grad_(True)
        return {"generator": loss.item()}

    def _slope(self, critic: Augmented[Tensor], real: Tensor, labels: Tensor | None) -> Tensor:
        if self.recipe.r1.at == "seen":
            shown = critic.shown_real(real).detach().requires_grad_()
            return r1_penalty(shown, self.pair.critic(shown, labels=labels).float())
        images = real.detach().requires_grad_()
        return r1_penalty(images, critic.on_real(images, labels=labels).float())

    def _watch(self, draws: Draws, losses: Mapping[str, float]) -> dict[str, float]:
        critic, count = self._critic(draws), BATCHES * self.part

        def judge(batch: Batch) -> Tensor:
            images, labels = batch
            return critic.on_real(images, labels=labels)

        return accuracies(
            self.pair.critic,
            judge,
            train=self._real(self.train, draws, count),
            held_out=self._real(self.held_out, draws, count),
            boundary=boundary(self.loss, losses),
        )

    def _critic(self, draws: Draws) -> Augmented[Tensor]:
        return Augmented(self.pair.critic, self.recipe.augment, draws.torch)

    def _real(self, data: LabelledImages, draws: Draws, count: int) -> Batch:
        places = draws.indices(count, len(data.images))
        (images,) = area_pyramid(from_uint8(data.images[places]), [self.recipe.resolution])
        if self.recipe.flip:
            mirrored = draws.coins(count)[:, None, None, None]
            images = torch.where(mirrored, images.flip(3), images)
        return images, data.labels[places] if self.recipe.classes else None

    def _labels(self, draws: Draws) -> Tensor | None:
        """Classes for generated images: those of real images drawn for it."""
        if not self.recipe.classes:
            return None
        return self.train.labels[draws.indices(self.part, len(self.train.labels))]

    def _generated(self, draws: Draws, labels: Tensor | None) -> Tensor:
        size = (self.part, self.pair.latent_dim)
        z = mine(torch.randn(size, generator=draws.torch))
        return self.pair.images(self.pair.generator, z, labels=labels, rng=draws.torch)

    def state(self) -> dict[str, dict[str, object]]:
        """See Training."""
        return state_of(self._parts())

    def load_state(self, state: dict[str, dict[str, object]]) -> None:
        """See Training."""
        load_state_of(self._parts(), state)

    def kept(self) -> Mapping[str, nn.Module]:
        """The generator to use is the average; the discriminator is to go on with."""
        return {"average": self.average, "discriminator": self.pair.critic}

    def grid(self) -> bytes:
        """Of the average; see `picture`."""
        return picture(self.pair, self.average, classes=self.recipe.classes)

    def _parts(self) -> dict[str, Part]:
        return {
            "generator": self.pair.generator,
            "average": self.average,
            "discriminator": self.pair.critic,
            "generator_adam": self.generator_adam,
            "critic_adam": self.critic_adam,
        }


def begin(recipe: GanRecipe, folder: Path | None) -> GanTraining:
    """See Method."""
    wanted = Wanted(side=recipe.resolution, channels=recipe.image_channels, classes=recipe.classes)
    train, held_out = (
        open_labelled(recipe.dataset, folder, split, wanted) for split in ("train", "test")
    )
    return GanTraining(recipe, train, held_out)


METHODS.register("gan")(begin)
