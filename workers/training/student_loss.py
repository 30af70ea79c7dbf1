"""What a student minimises.

GAN Compression: Efficient Architectures for Interactive Conditional GANs (Li et al., 2020),
equations 1 to 4: fool the discriminator, make the right image, have the teacher's features.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from search_service.recipes.compression import Weights
from workers.training.critics import Critic, in_float32
from workers.training.distillation import Features, Projections, feature_distance
from workers.training.objectives import AdversarialLoss
from workers.training.perceptual import PerceptualLoss


@dataclass(frozen=True, kw_only=True, eq=False)
class Lesson:
    """What the student is told about one batch."""

    right: Tensor | None  # the image that it should make; None without reconstruction
    features: Features  # of the teacher, by mapped layer; empty without distillation


@dataclass(frozen=True, kw_only=True, eq=False)
class StudentLoss:
    """The three terms, the perceptual one where it is asked for, and their weighted sum."""

    weights: Weights
    adversarial: AdversarialLoss
    distance: Callable[[Tensor, Tensor], Tensor]
    projections: Projections
    perceptual: PerceptualLoss | None = None
    perceptual_weight: float = 0.0

    def terms(
        self, image: Tensor, features: Features, lesson: Lesson, *, critic: Critic, seen: Tensor
    ) -> dict[str, Tensor]:
        """The terms whose weight is not 0, by name and without it.

        `image` is the student's, `features` its own by mapped layer, `seen` what the critic judges.
        """
        terms = {}
        if self.weights.adversarial:
            terms["adversarial"] = self.adversarial.generator(in_float32(critic(seen)))
        if self.weights.reconstruction and lesson.right is not None:
            terms["reconstruction"] = self.distance(image, lesson.right)
        if self.perceptual is not None and lesson.right is not None:
            terms["perceptual"] = self.perceptual(image, lesson.right)
        if self.weights.distillation:
            terms["distillation"] = feature_distance(self.projections(features), lesson.features)
        return terms

    def total(self, terms: Mapping[str, Tensor]) -> Tensor:
        """Their weighted sum."""
        weights = {
            "adversarial": self.weights.adversarial,
            "reconstruction": self.weights.reconstruction,
            "distillation": self.weights.distillation,
            "perceptual": self.perceptual_weight,
        }
        first, *others = (weights[name] * term for name, term in terms.items())
        return sum(others, first)
