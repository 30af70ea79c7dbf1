"""One step of a SPADE generator: a teacher's on its own, or a student's beside its teacher.

Semantic Image Synthesis with Spatially-Adaptive Normalization (Park et al., 2019), section 3 and
appendix A; for students GAN Compression (Li et al., 2020), section 3, as its published program
trains them: the generator first, then the discriminator on images made anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from search_service.recipes.spade import PaintingRecipe
from workers.layers.shared_statistics import shared_statistics
from workers.supernets.gan_compression.spade_generator import SpadeGenerator
from workers.training.augmented import Augmented
from workers.training.critics import joint_critic_loss
from workers.training.distillation import Features, Projections, feature_distance
from workers.training.draws import AUGMENTATION, WATCHING, Draws
from workers.training.feature_matching import feature_matching, split_prediction
from workers.training.map_data import MapData, as_picture, draw_maps, shown_maps
from workers.training.objectives import ADVERSARIAL, Prediction
from workers.training.optimisers import backward, new_adam, set_learning_rate
from workers.training.painters import Painter
from workers.training.parts import Part, load_state_of, state_of
from workers.training.perceptual import open_perceptual
from workers.training.precision import autocast
from workers.training.spade_networks import new_critic
from workers.training.translation_data import picture
from workers.training.watching import BATCHES, accuracies, boundary, is_due


@dataclass(frozen=True, kw_only=True, eq=False)
class Tutor:
    """A teacher, and how a student's features are compared with its own."""

    teacher: SpadeGenerator
    projections: Projections  # of the mapped layers
    weight: float

    @torch.no_grad()
    def features(self, maps: Tensor) -> Features:
        """Of the teacher, at the mapped layers."""
        return self.teacher.features(maps, self.projections.names).taps


class SpadeTraining:
    """A painter, its discriminator, and the step that improves them."""

    def __init__(
        self, recipe: PaintingRecipe, data: MapData, painter: Painter, tutor: Tutor | None = None
    ) -> None:
        """`tutor`: where there is something to distil. Raises as `open_perceptual` does."""
        self.recipe, self.data, self.painter, self.tutor = recipe, data, painter, tutor
        self.adversarial = ADVERSARIAL[recipe.adversarial]
        channels = data.train.photographs.shape[1]
        self.perceptual = open_perceptual(recipe.perceptual, channels=channels, sides=[data.sides])
        self.critic = new_critic(recipe.critic, data.channels + channels)
        taught: list[nn.Module] = [painter.network, *([tutor.projections] if tutor else [])]
        self.painter_adam = new_adam(taught, recipe.adam.of_generator)
        self.critic_adam = new_adam([self.critic], recipe.adam.of_critic)

    @shared_statistics()
    def step(self, index: int) -> dict[str, float]:
        """One update of the painter, then one of the discriminator; of several subnets the mean
        counts."""
        recipe, draws = self.recipe, Draws(self.recipe.seed, index)
        for adam, settings in (
            (self.painter_adam, recipe.adam.of_generator),
            (self.critic_adam, recipe.adam.of_critic),
        ):
            set_learning_rate([adam], settings, index=index, steps=recipe.steps)
        maps, real = draw_maps(self.data, draws, recipe.batch, flip=recipe.flip)
        subnets, critic = self.painter.draw(draws), self.sight(draws.apart(AUGMENTATION))
        with autocast(recipe.precision):
            wanted = self.tutor.features(maps) if self.tutor else {}

        # The painter fools the discriminator, moves all its layers as true images do, and has the
        # teacher's features.
        self.critic.requires_grad_(False)
        self.painter_adam.zero_grad()
        losses: dict[str, float] = {}
        for subnet in subnets:
            with autocast(recipe.precision):
                image, features = subnet(maps, tuple(wanted))
                terms = self.terms(
                    image.float(), features, maps=maps, real=real, wanted=wanted, critic=critic
                )
            total = self.total(terms) / len(subnets)
            # At once: the next subnet overwrites running statistics that this gradient needs.
            torch.autograd.backward(total)
            for name, value in {**terms, "generator": total * len(subnets)}.items():
                losses[name] = losses.get(name, 0.0) + value.item() / len(subnets)
        self.painter_adam.step()
        self.critic.requires_grad_(True)

        # The discriminator tells true images from those that the painter makes by now.
        if recipe.weights.judged:
            with torch.no_grad(), autocast(recipe.precision):
                images = [subnet(maps, ())[0].float() for subnet in subnets]
            seen_real = [critic.shown_real(torch.cat([maps, real], 1)) for _ in images]
            seen_fake = [critic.shown_fake(torch.cat([maps, image], 1)) for image in images]
            with autocast(recipe.precision):
                loss_d, parts = joint_critic_loss(
                    self.critic, torch.cat(seen_real), torch.cat(seen_fake), self.adversarial, draws
                )
            backward(self.critic_adam, loss_d)
            self.critic_adam.step()
            losses |= parts
            if is_due(recipe, index):
                losses |= self._watch(draws.apart(WATCHING), parts)
        return losses

    def sight(self, draws: Draws) -> Augmented[Prediction]:
        """The discriminator as it looks at maps with photographs: augmented by these draws."""
        channels = self.data.train.photographs.shape[1]
        return Augmented(self.critic, self.recipe.augment, draws.torch, image_channels=channels)

    def terms(
        self,
        image: Tensor,
        features: Features,
        *,
        maps: Tensor,
        real: Tensor,
        wanted: Features,
        critic: Augmented[Prediction],
    ) -> dict[str, Tensor]:
        """The terms whose weight is not 0, by name and without it.

        `image` is the painter's, `features` its own by mapped layer, `wanted` the teacher's.
        """
        terms, weights = {}, self.recipe.weights
        if weights.judged:
            # Of both by the same numbers: their features are compared place by place.
            pairs = critic.shown_beside(*(torch.cat([maps, shown], 1) for shown in (image, real)))
            on_fake, on_real = split_prediction(self.critic(torch.cat(pairs)))
            if weights.adversarial:
                logits = [scale[-1].float() for scale in on_fake]
                terms["adversarial"] = self.adversarial.generator(logits)
            if weights.feature_matching:
                terms["feature_matching"] = feature_matching(on_fake, on_real)
        if self.perceptual is not None:
            terms["perceptual"] = self.perceptual(image, real)
        if self.tutor is not None:
            terms["distillation"] = feature_distance(self.tutor.projections(features), wanted)
        return terms

    def total(self, terms: Mapping[str, Tensor]) -> Tensor:
        """Their weighted sum."""
        weights = {
            "adversarial": self.recipe.weights.adversarial,
            "feature_matching": self.recipe.weights.feature_matching,
            "perceptual": self.recipe.perceptual.weight,
            "distillation": self.tutor.weight if self.tutor else 0.0,
        }
        return torch.stack([weights[name] * term.float() for name, term in terms.items()]).sum()

    def _watch(self, draws: Draws, losses: Mapping[str, float]) -> dict[str, float]:
        count, flip, critic = BATCHES * self.recipe.batch, self.recipe.flip, self.sight(draws)
        train, held_out = (
            draw_maps(self.data, draws, count, flip=flip, held_out=held_out)
            for held_out in (False, True)
        )
        return accuracies(
            self.critic,
            lambda pair: critic.on_real(torch.cat(pair, 1)),
            train=train,
            held_out=held_out,
            boundary=boundary(self.adversarial, losses),
        )

    def state(self) -> dict[str, dict[str, object]]:
        """See Training."""
        return state_of(self._parts())

    def load_state(self, state: dict[str, dict[str, object]]) -> None:
        """See Training."""
        load_state_of(self._parts(), state)

    def kept(self) -> Mapping[str, nn.Module]:
        """`supernet` or `generator` as it is used, and the discriminator to go on with."""
        return {self.painter.name: self.painter.finished(), "discriminator": self.critic}

    @torch.no_grad()
    def grid(self) -> bytes:
        """Rows: maps, the photographs, the teacher's, the painter's, the widest first."""
        maps, real = shown_maps(self.data)
        rows = [as_picture(maps), real]
        rows += [self.tutor.teacher(maps)] if self.tutor else []
        return picture(rows + [subnet(maps, ())[0] for subnet in self.painter.shown()])

    def _parts(self) -> dict[str, Part]:
        parts: dict[str, Part] = {
            self.painter.name: self.painter.network,
            "discriminator": self.critic,
            "painter_adam": self.painter_adam,
            "discriminator_adam": self.critic_adam,
        }
        return parts | ({"projections": self.tutor.projections} if self.tutor else {})
