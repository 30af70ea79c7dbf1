"""How the images that a discriminator sees are augmented: every default and its meaning, once.

Differentiable Augmentation for Data-Efficient GAN Training (Zhao et al., 2020).
"""

from dataclasses import dataclass

from search_service.recipes.checks import one_of

POLICIES = ("color", "translation", "cutout")
PLACEMENTS = ("none", "reals", "discriminator", "all")


@dataclass(frozen=True, kw_only=True)
class Augment:
    """Only `all` is the method: the others are its ablation, and harm the images."""

    policy: str = ""  # of POLICIES, with commas between, in the order in which they are applied
    # none; reals: real images alone; discriminator: what it learns from; all: the generator's
    # images in its own step too
    placement: str = "all"

    def __post_init__(self) -> None:
        for name in self.steps:
            one_of("policy", name, POLICIES)
        one_of("placement", self.placement, PLACEMENTS)

    @property
    def steps(self) -> tuple[str, ...]:
        """The policy's names, none if it is empty."""
        return tuple(self.policy.split(",")) if self.policy else ()
