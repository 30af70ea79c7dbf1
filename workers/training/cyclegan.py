"""One step of training two generators between two domains, without pairs.

Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks (Zhu et al., 2017),
sections 3 and 4: there and back again gives the image that one set out with.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from search_service.errors import InvalidInput
from search_service.recipes.cyclegan import CycleganRecipe
from workers.training.augmented import Augmented
from workers.training.critics import critic_loss, in_float32
from workers.training.draws import AUGMENTATION, WATCHING, Draws
from workers.training.methods import METHODS
from workers.training.objectives import ADVERSARIAL, Prediction
from workers.training.optimisers import backward, new_adam, set_learning_rate
from workers.training.parts import Part, load_state_of, state_of
from workers.training.pool import ImagePool
from workers.training.precision import autocast
from workers.training.translation_data import (
    ImageSizes,
    TranslationData,
    draw_batch,
    open_data,
    picture,
    shown_inputs,
    watched_batches,
)
from workers.training.translation_networks import new_critic, new_generator
from workers.training.watching import accuracies, boundary, is_due


class CycleganTraining:
    """Two generators, two discriminators, and the step that improves them.

    `forward` makes targets of inputs and is the one to use; `backward` makes inputs of targets.
    """

    def __init__(self, recipe: CycleganRecipe, data: TranslationData) -> None:
        sizes = data.sizes
        if recipe.identity and sizes.inputs != sizes.targets:
            raise InvalidInput(
                f"inputs have {sizes.inputs} channels and targets {sizes.targets}: "
                "then identity must be 0",
                pointer="/identity",
            )
        self.recipe, self.data = recipe, data
        self.loss = ADVERSARIAL[recipe.adversarial]
        torch.manual_seed(recipe.seed)
        mirrored = ImageSizes(inputs=sizes.targets, targets=sizes.inputs, side=sizes.side)
        self.forward = new_generator(recipe.generator, sizes)
        self.backward = new_generator(recipe.generator, mirrored)
        self.target_critic = new_critic(recipe.critic, sizes.targets)
        self.input_critic = new_critic(recipe.critic, sizes.inputs)
        self.target_pool, self.input_pool = ImagePool(recipe.pool), ImagePool(recipe.pool)
        self.generator_adam = new_adam([self.forward, self.backward], recipe.adam)
        self.critic_adam = new_adam([self.target_critic, self.input_critic], recipe.adam)

    def step(self, index: int) -> dict[str, float]:
        """One update of both generators, then one of both discriminators."""
        recipe, draws = self.recipe, Draws(self.recipe.seed, index)
        adams = (self.generator_adam, self.critic_adam)
        set_learning_rate(adams, recipe.adam, index=index, steps=recipe.steps)
        look, look_back = self._critics(draws.apart(AUGMENTATION))
        inputs, targets = draw_batch(self.data.train, draws, recipe.batch, flip=recipe.flip)

        # The generators fool the discriminators, undo each other, and leave alone what is right.
        critics = (self.target_critic, self.input_critic)
        for critic in critics:
            critic.requires_grad_(False)
        with autocast(recipe.precision):
            fake_targets, fake_inputs = self.forward(inputs), self.backward(targets)
            round_trips = self.backward(fake_targets), self.forward(fake_inputs)
            verdicts = look.on_generated(fake_targets), look_back.on_generated(fake_inputs)
        adversarial = _sum(self.loss.generator(in_float32(verdict)) for verdict in verdicts)
        cycle = _distance(round_trips, (inputs, targets))
        loss_g = adversarial + recipe.cycle * cycle
        losses = {"adversarial": adversarial.item(), "cycle": cycle.item()}
        if recipe.identity:
            with autocast(recipe.precision):
                unchanged = self.backward(inputs), self.forward(targets)
            identity = _distance(unchanged, (inputs, targets))
            loss_g = loss_g + recipe.cycle * recipe.identity * identity
            losses["identity"] = identity.item()
        losses["generator"] = loss_g.item()
        backward(self.generator_adam, loss_g)
        self.generator_adam.step()

        # Each discriminator tells its domain from generated images, of earlier steps too.
        for critic in critics:
            critic.requires_grad_(True)
        shown_targets = self.target_pool.exchange(fake_targets.float(), draws)
        shown_back = self.input_pool.exchange(fake_inputs.float(), draws)
        with autocast(recipe.precision):
            shown = look.shown_real(targets), look.shown_fake(shown_targets)
            on_targets, parts = critic_loss(self.target_critic, *shown, self.loss, draws)
            shown = look_back.shown_real(inputs), look_back.shown_fake(shown_back)
            on_inputs, others = critic_loss(self.input_critic, *shown, self.loss, draws)
        backward(self.critic_adam, on_targets + on_inputs)
        self.critic_adam.step()
        if is_due(recipe, index):
            losses |= self._watch(draws.apart(WATCHING), parts)
        return losses | {name: parts[name] + others[name] for name in parts}

    def _critics(self, draws: Draws) -> tuple[Augmented[Prediction], Augmented[Prediction]]:
        networks = (self.target_critic, self.input_critic)
        first, second = (Augmented(n, self.recipe.augment, draws.torch) for n in networks)
        return first, second

    def _watch(self, draws: Draws, losses: Mapping[str, float]) -> dict[str, float]:
        """Of the discriminator of targets, which is the one that is kept."""
        look, _ = self._critics(draws)
        return accuracies(
            self.target_critic,
            lambda pair: look.on_real(pair[1]),
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
        """`generator` makes targets of inputs; `inverse` undoes it."""
        return {
            "generator": self.forward,
            "inverse": self.backward,
            "discriminator": self.target_critic,
        }

    @torch.no_grad()
    def grid(self) -> bytes:
        """Rows: inputs, made into targets, and back; targets, made into inputs, and back."""
        inputs, targets = shown_inputs(self.data)
        there, here = self.forward(inputs), self.backward(targets)
        return picture([inputs, there, self.backward(there), targets, here, self.forward(here)])

    def _parts(self) -> dict[str, Part]:
        return {
            "forward": self.forward,
            "backward": self.backward,
            "target_critic": self.target_critic,
            "input_critic": self.input_critic,
            "target_pool": self.target_pool,
            "input_pool": self.input_pool,
            "generator_adam": self.generator_adam,
            "critic_adam": self.critic_adam,
        }


def _distance(images: tuple[Tensor, Tensor], wanted: tuple[Tensor, Tensor]) -> Tensor:
    pairs = zip(images, wanted, strict=True)
    return _sum(F.l1_loss(image.float(), right) for image, right in pairs)


def _sum(terms: Iterable[Tensor]) -> Tensor:
    return torch.stack(list(terms)).sum()


def begin(recipe: CycleganRecipe, folder: Path | None) -> CycleganTraining:
    """See Method."""
    return CycleganTraining(recipe, open_data(recipe.dataset, folder))


METHODS.register("cyclegan")(begin)
