"""The recipes that teach a smaller generator: every default and its meaning, once.

GAN Compression: Efficient Architectures for Interactive Conditional GANs (Li et al., 2020).
"""

from dataclasses import dataclass, field

from search_service.errors import InvalidInput
from workers.training.translation_recipe import Teacher, TranslationRecipe, require

DISTANCES = ("l1", "l2", "smooth-l1")


@dataclass(frozen=True, kw_only=True)
class StudentSize:
    """The supernet whose weights or whose subnet is trained."""

    base_channels: int = 64
    blocks: int = 9
    space: str = ""  # a published search space; empty: quarters of base_channels everywhere


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Of each term of the student's loss; a term of weight 0 is not computed."""

    adversarial: float = 1.0
    reconstruction: float = 100.0
    distillation: float = 1.0

    def __post_init__(self) -> None:
        if min(self.adversarial, self.reconstruction, self.distillation) < 0:
            raise InvalidInput(f"weights must not be negative, got {self}", pointer="/weights")


@dataclass(frozen=True, kw_only=True)
class StudentRecipe(TranslationRecipe):
    """What all of them say."""

    supernet: StudentSize = field(default_factory=StudentSize)
    teacher: Teacher = field(default_factory=Teacher)
    weights: Weights = field(default_factory=Weights)
    distance: str = "l1"  # of reconstruction; or l2, smooth-l1
    layers: tuple[str, ...] = ()  # mapped; empty: after the downward steps and after each group

    def __post_init__(self) -> None:
        super().__post_init__()
        require("distance", self.distance, DISTANCES)


@dataclass(frozen=True, kw_only=True)
class CompressRecipe(StudentRecipe):
    """A supernet, taught one or several of its subnets at a time."""

    initial: str = ""  # a file with the supernet's first weights
    subnets: int = 1  # in each step
    sandwich: bool = False  # two of them the largest and the smallest

    def __post_init__(self) -> None:
        super().__post_init__()
        fewest = 2 if self.sandwich else 1
        if self.subnets < fewest:
            raise InvalidInput(
                f"subnets must be at least {fewest}, got {self.subnets}", pointer="/subnets"
            )


@dataclass(frozen=True, kw_only=True)
class FinetuneRecipe(StudentRecipe):
    """One architecture, from the weights that it has in a trained supernet."""

    architecture: str
    initial: str  # the supernet's file


@dataclass(frozen=True, kw_only=True)
class ScratchRecipe(StudentRecipe):
    """One architecture from random weights: what compression is compared with."""

    architecture: str
