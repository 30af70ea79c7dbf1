"""The discriminator of an Anycost training: how it is asked, its update, and how well it knows the
images that it learnt from.

Anycost GANs for Interactive Image Synthesis and Editing (Lin et al., CVPR 2021), section 3: it
tells real from generated images of the same sides, and may be told their architecture.
"""

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

from search_service.recipes.anycost import AnycostRecipe
from search_service.spaces.anycost import AnycostSpace
from search_service.spaces.anycost_sampling import Drawn
from workers.discriminators.anycost import architecture_code
from workers.discriminators.joint import JointDiscriminator
from workers.training.anycost_draws import AnycostDraws
from workers.training.anycost_material import AnycostMaterial, Real
from workers.training.anycost_networks import judge, new_discriminator
from workers.training.augmented import Augmented
from workers.training.draws import Draws
from workers.training.losses import discriminator_logistic, r1_penalty
from workers.training.optimisers import backward, new_adam
from workers.training.precision import autocast
from workers.training.watching import BATCHES, accuracies

Generate = Callable[[AnycostDraws, Drawn, Tensor | None], list[Tensor]]  # images at all sides


def of_sides(pyramid: Sequence[Tensor], sides: Sequence[int]) -> list[Tensor]:
    """Those of a pyramid's levels."""
    return [level for level in pyramid if level.shape[-1] in sides]


class AnycostCritic:
    """The network, its optimiser, and the step that improves it."""

    def __init__(
        self, recipe: AnycostRecipe, space: AnycostSpace, material: AnycostMaterial
    ) -> None:
        """Raises InvalidFile when a file that the recipe names does not fit."""
        self._recipe, self._space, self._material = recipe, space, material
        self.network = new_discriminator(recipe, space)
        self.adam = new_adam([self.network], recipe.adam)

    def augmented(self, draws: Draws) -> Augmented[list[Tensor]]:
        """Of images of one resolution; the code and the labels are handed on."""
        return Augmented(self.judge, self._recipe.augment, draws.torch)

    def judge(
        self, levels: Iterable[Tensor], code: Tensor | None, labels: Tensor | None
    ) -> list[Tensor]:
        """See `anycost_networks.judge`."""
        return judge(self.network, list(levels), code, labels)

    def code(self, subnet: Drawn) -> Tensor | None:
        """Its condition, (4 entries,), if it takes one."""
        return architecture_code(subnet.ratios) if self._recipe.critic.conditioned else None

    def step(
        self, draws: AnycostDraws, shown: Augmented[list[Tensor]], generate: Generate, index: int
    ) -> dict[str, float]:
        """One update; the losses by name."""
        recipe, space = self._recipe, self._space

        # It tells real from fake images of the same sides. Each kind comes with an architecture,
        # the real ones with a drawn one, or the condition alone would tell.
        sides = draws.sides(recipe.sides, recipe.sampling)
        real, real_labels = self._material.real(
            draws, sides, of=self._material.train, count=recipe.batch
        )
        real_code = self.code(draws.subnet(space, sides[-1], recipe.sampling))
        subnet = draws.subnet(space, sides[-1], recipe.sampling)
        code, labels = self.code(subnet), self._material.labels(draws)
        with torch.no_grad(), autocast(recipe.precision):
            fake = of_sides(generate(draws, subnet, labels), sides)
        with autocast(recipe.precision):
            on_real = self.judge(map(shown.shown_real, real), real_code, real_labels)
            on_fake = self.judge(map(shown.shown_fake, fake), code, labels)
        pairs = zip(on_real, on_fake, strict=True)
        loss = torch.stack([discriminator_logistic(r, f) for r, f in pairs]).sum()
        backward(self.adam, loss)
        losses = {
            "discriminator": loss.item(),
            "real_logit": torch.stack(on_real).mean().item(),
            "fake_logit": torch.stack(on_fake).mean().item(),
        }

        # Every now and then its slope at real images is held down, at one of the sides.
        if index % recipe.r1.every == 0:
            if not isinstance(self.network, JointDiscriminator):
                real = [real[int(draws.rng.integers(len(real)))]]
            for level in real:
                level.requires_grad_()
            with autocast(recipe.precision):
                (logits,) = self.judge(map(shown.shown_real, real), code, real_labels)
            penalty = r1_penalty(real, logits)
            torch.autograd.backward(penalty * (recipe.r1.weight / 2 * recipe.r1.every))
            losses["r1"] = penalty.item()
        self.adam.step()
        return losses

    def watch(self, draws: Draws, held_out: Real) -> dict[str, float]:
        """How well it knows either by real images at the sides that it sees together, or at the
        highest one, told that they are of the full architecture."""
        shown, sides = self.augmented(draws), list(self._recipe.sides)
        if self._recipe.sampling.resolutions != "all":
            sides = sides[-1:]
        ratios = (1.0,) * len(self._space.full_channels)
        full = Drawn(architecture=self._space.uniform(1.0), ratios=ratios)

        def look(batch: tuple[list[Tensor], Tensor | None]) -> list[Tensor]:
            levels, labels = batch
            return self.judge(map(shown.shown_real, levels), self.code(full), labels)

        count = BATCHES * self._recipe.batch
        train, others = (
            self._material.real(draws, sides, of=of, count=count)
            for of in (self._material.train, held_out)
        )
        return accuracies(self.network, look, train=train, held_out=others)
