"""One step of teaching a smaller generator what a larger one does.

GAN Compression: Efficient Architectures for Interactive Conditional GANs (Li et al., CVPR 2020),
section 3.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from search_service.errors import InvalidInput
from search_service.recipes.compression import StudentRecipe
from workers.supernets.gan_compression.resnet_generator import ResnetGenerator
from workers.training.augmented import Augmented
from workers.training.averaging import update_average
from workers.training.critics import critic_loss
from workers.training.distances import DISTANCES
from workers.training.distillation import Projections, mapped_channels, mapped_layers
from workers.training.draws import AUGMENTATION, WATCHING, Draws
from workers.training.objectives import ADVERSARIAL, Prediction
from workers.training.optimisers import backward, new_adam, set_learning_rate, set_rate
from workers.training.parts import Part, load_state_of, state_of
from workers.training.perceptual import open_perceptual
from workers.training.precision import autocast
from workers.training.student_loss import Lesson, StudentLoss
from workers.training.students import Student
from workers.training.translation_data import (
    ImageSizes,
    TranslationData,
    draw_batch,
    picture,
    shown_inputs,
    watched_batches,
)
from workers.training.translation_networks import new_critic, read_teacher
from workers.training.watching import accuracies, boundary, is_due


class CompressionTraining:
    """A student, its discriminator, the projections, and the step that improves them."""

    def __init__(self, recipe: StudentRecipe, data: TranslationData, student: Student) -> None:
        """Raises InvalidInput for a mapped layer that a network lacks, or a missing teacher."""
        self.recipe, self.data, self.student = recipe, data, student
        self.averaged = student.twin() if recipe.average_half_life else student  # what is kept
        sizes, self.paired = data.sizes, data.train.paired
        self.layers = recipe.layers or mapped_layers(recipe.supernet.blocks)
        self.teacher = self._open_teacher(sizes)
        self.critic = new_critic(recipe.critic, sizes.targets + sizes.inputs * self.paired)
        self.loss = StudentLoss(
            weights=recipe.weights,
            adversarial=ADVERSARIAL[recipe.adversarial],
            distance=DISTANCES[recipe.distance],
            projections=Projections(self._channels(sizes)),
            perceptual=open_perceptual(
                recipe.perceptual, channels=sizes.targets, sides=[data.sides]
            ),
            perceptual_weight=recipe.perceptual.weight,
        )
        taught = [student.network, self.loss.projections]
        self.student_adam = new_adam(taught, recipe.adam)
        self.critic_adam = new_adam([self.critic], recipe.adam)

    def step(self, index: int) -> dict[str, float]:
        """One update of student and projections, and one of the discriminator, each against the
        other as it was before; of several subnets the mean counts. While warming up the student
        stays as it is: what judges it catches up first."""
        recipe, draws = self.recipe, Draws(self.recipe.seed, index)
        adams = (self.student_adam, self.critic_adam)
        is_warming_up = index * recipe.batch < recipe.warmup_images
        if is_warming_up:
            set_rate(adams, recipe.warmup_rate)
        else:
            set_learning_rate(adams, recipe.adam, index=index, steps=recipe.steps)
        critic = self._critic(draws.apart(AUGMENTATION))
        x, real = draw_batch(self.data.train, draws, recipe.batch, flip=recipe.flip)
        subnets = self.student.draw(draws)
        with autocast(recipe.precision):
            lesson = self._lesson(x, real)
            runs = [subnet(x, self._tapped) for subnet in subnets]
        images = [image.float() for image, _ in runs]
        losses: dict[str, float] = {}

        # The discriminator tells true images from the student's, beside the input where it can.
        if recipe.weights.adversarial:
            seen_fake = self._seen(x.repeat(len(images), 1, 1, 1), torch.cat(images))
            seen_real = self._seen(x, real).repeat(len(images), 1, 1, 1)
            with autocast(recipe.precision):
                shown = critic.shown_real(seen_real), critic.shown_fake(seen_fake)
                loss_d, parts = critic_loss(self.critic, *shown, self.loss.adversarial, draws)
            backward(self.critic_adam, loss_d)
            losses |= parts

        # The student fools it, makes the right image, and has the teacher's features.
        self.critic.requires_grad_(False)
        totals = []
        for image, (_, features) in zip(images, runs, strict=True):
            with autocast(recipe.precision):
                terms = self.loss.terms(
                    image,
                    features,
                    lesson,
                    critic=critic.on_generated,
                    seen=self._seen(x, image),
                )
            totals.append(self.loss.total(terms))
            for name, term in terms.items():
                losses[name] = losses.get(name, 0.0) + term.item() / len(images)
        loss_g = torch.stack(totals).mean()
        losses["generator"] = loss_g.item()
        backward(self.student_adam, loss_g)
        self.critic.requires_grad_(True)

        if recipe.weights.adversarial:
            self.critic_adam.step()
        if is_warming_up:
            self.student.network.zero_grad()  # and is passed over
        self.student_adam.step()
        if self.averaged is not self.student:
            kept = 0.5 ** (recipe.batch / recipe.average_half_life)
            update_average(self.averaged.network, self.student.network, kept)
        if recipe.weights.adversarial and is_due(recipe, index):
            losses |= self._watch(draws.apart(WATCHING), losses)
        return losses

    def _critic(self, draws: Draws) -> Augmented[Prediction]:
        targets = self.data.sizes.targets
        return Augmented(self.critic, self.recipe.augment, draws.torch, image_channels=targets)

    def _watch(self, draws: Draws, losses: Mapping[str, float]) -> dict[str, float]:
        critic = self._critic(draws)
        return accuracies(
            self.critic,
            lambda pair: critic.on_real(self._seen(*pair)),
            **watched_batches(self.data, draws, self.recipe),
            boundary=boundary(self.loss.adversarial, losses),
        )

    def state(self) -> dict[str, dict[str, object]]:
        """See Training."""
        return state_of(self._parts())

    def load_state(self, state: dict[str, dict[str, object]]) -> None:
        """See Training."""
        load_state_of(self._parts(), state)

    def kept(self) -> Mapping[str, nn.Module]:
        """`supernet` or `generator`, and the discriminator to go on with."""
        return {self.student.name: self.averaged.network, "discriminator": self.critic}

    @torch.no_grad()
    def grid(self) -> bytes:
        """Rows: inputs, the true images where there are pairs, the teacher's, the student's."""
        x, real = shown_inputs(self.data)
        rows = [x, real] if self.paired else [x]
        rows += [self.teacher(x)] if self.teacher else []
        return picture(rows + [subnet(x, ())[0] for subnet in self.averaged.shown()])

    @property
    def _tapped(self) -> tuple[str, ...]:
        return self.layers if self.recipe.weights.distillation else ()

    def _open_teacher(self, sizes: ImageSizes) -> ResnetGenerator | None:
        weights = self.recipe.weights
        if self.recipe.teacher.weights:
            return read_teacher(self.recipe.teacher, sizes)
        compares = bool(weights.reconstruction) or self.recipe.perceptual.active
        if weights.distillation or (compares and not self.paired):
            raise InvalidInput(
                "teacher.weights must name a file: this recipe learns from a teacher",
                pointer="/teacher/weights",
            )
        return None

    @torch.no_grad()
    def _channels(self, sizes: ImageSizes) -> dict[str, tuple[int, int]]:
        """Of the mapped layers, found by running both networks once."""
        if self.teacher is None:
            return {}
        x = torch.zeros(1, sizes.inputs, *self.data.train.inputs.shape[2:])
        _, wanted = self.teacher.features(x, self._tapped)
        _, features = self.student.shown()[0](x, self._tapped)
        return mapped_channels(features, wanted)

    @torch.no_grad()
    def _lesson(self, x: Tensor, real: Tensor) -> Lesson:
        """The right image is the true one of a pair; without pairs it is the teacher's."""
        if self.teacher is None or (self.paired and not self._tapped):
            return Lesson(right=real if self.paired else None, features={})
        image, features = self.teacher.features(x, self._tapped)
        return Lesson(right=real if self.paired else image.float(), features=features)

    def _seen(self, x: Tensor, image: Tensor) -> Tensor:
        return torch.cat([x, image], 1) if self.paired else image

    def _parts(self) -> dict[str, Part]:
        parts: dict[str, Part] = {
            self.student.name: self.student.network,
            "discriminator": self.critic,
            "projections": self.loss.projections,
            "student_adam": self.student_adam,
            "discriminator_adam": self.critic_adam,
        }
        if self.averaged is not self.student:
            parts["average"] = self.averaged.network
        return parts
