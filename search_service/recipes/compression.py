"""The recipes that teach a smaller generator: every default and its meaning, once.

GAN Compression: Efficient Architectures for Interactive Conditional GANs (Li et al., 2020).
"""

from dataclasses import asdict, astuple, dataclass, field

from search_service import spaces
from search_service.domain.space import SearchSpace
from search_service.errors import InvalidInput
from search_service.recipes.checks import at_least, one_of, require_a_term, require_architecture
from search_service.recipes.distances import DISTANCES
from search_service.recipes.perceptual import Perceptual
from search_service.recipes.pruning import require_prunable
from search_service.recipes.reading import file_field, required_file
from search_service.recipes.translation import Teacher, TranslationRecipe


@dataclass(frozen=True, kw_only=True)
class StudentSize:
    """The supernet whose weights or whose subnet is trained."""

    generator: str = "resnet"
    base_channels: int = 64
    blocks: int = 9
    space: str = ""  # a published search space; empty: quarters of base_channels everywhere

    def __post_init__(self) -> None:
        one_of("generator", self.generator, ("resnet", "spade"))  # of the latter: SpadeStudentSize
        _ = self.choices

    @property
    def choices(self) -> SearchSpace:
        """What its subnets may be; the images' size, which it leaves out, changes only costs."""
        return spaces.build("gan-compression", asdict(self))


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Of each term of the student's loss; a term of weight 0 is not computed."""

    adversarial: float = 1.0
    reconstruction: float = 100.0
    distillation: float = 1.0

    def __post_init__(self) -> None:
        for name in ("adversarial", "reconstruction", "distillation"):
            at_least(name, getattr(self, name), 0)


@dataclass(frozen=True, kw_only=True)
class StudentRecipe(TranslationRecipe):
    """What all of them say."""

    supernet: StudentSize = field(default_factory=StudentSize)
    teacher: Teacher = field(default_factory=Teacher)
    weights: Weights = field(default_factory=Weights)
    perceptual: Perceptual = field(default_factory=Perceptual)
    distance: str = "l1"  # of reconstruction; or l2, smooth-l1
    layers: tuple[str, ...] = ()  # mapped; empty: after the downward steps and after each group
    warmup_images: int = 0  # of the run, in which discriminator and projections learn alone
    warmup_rate: float = 0.0002  # at which they do: fresh ones need more than a tuned student
    average_half_life: float = 0.0  # images; of the student's average, kept instead of it; 0: none

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("distance", self.distance, DISTANCES)
        at_least("average_half_life", self.average_half_life, 0)
        at_least("warmup_rate", self.warmup_rate, 0)
        require_a_term([*astuple(self.weights), self.perceptual.active])
        if not 0 <= self.warmup_images < self.images:
            raise InvalidInput(
                f"warmup_images must be less than the {self.images} images of the run, and not "
                f"negative; got {self.warmup_images}",
                pointer="/warmup_images",
            )
        if self.weights.distillation and not self.teacher.weights:
            raise InvalidInput(
                "teacher.weights must name a file: this recipe learns from a teacher",
                pointer="/teacher/weights",
            )

    def require_prunable(self, initial: str = "") -> None:
        """Raises InvalidInput unless the student can begin as a part of its teacher."""
        require_prunable(
            initial=initial,
            weights=self.teacher.weights,
            kind=self.teacher.kind,
            teacher=self.teacher.base_channels,
            student=self.supernet.base_channels,
        )
        if self.teacher.blocks != self.supernet.blocks:
            raise InvalidInput(
                f"teacher.blocks must be the student's {self.supernet.blocks} for it to begin as "
                f"the teacher's strongest filters; got {self.teacher.blocks}",
                pointer="/teacher/blocks",
            )


@dataclass(frozen=True, kw_only=True)
class CompressRecipe(StudentRecipe):
    """A supernet, taught one or several of its subnets at a time."""

    initial: str = file_field()  # the supernet's first weights
    pruned_from_teacher: bool = False  # or they are the teacher's strongest filters, by L1 norm
    subnets: int = 1  # in each step
    sandwich: bool = False  # two of them the largest and the smallest

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pruned_from_teacher:
            self.require_prunable(self.initial)
        at_least("subnets", self.subnets, 2 if self.sandwich else 1)


@dataclass(frozen=True, kw_only=True)
class FinetuneRecipe(StudentRecipe):
    """One architecture, from the weights that it has in a trained supernet."""

    architecture: str
    initial: str = required_file()  # the supernet's weights

    def __post_init__(self) -> None:
        super().__post_init__()
        require_architecture(self.architecture, self.supernet.choices)


@dataclass(frozen=True, kw_only=True)
class ScratchRecipe(StudentRecipe):
    """One architecture from random weights: what compression is compared with."""

    architecture: str
    pruned_from_teacher: bool = False  # not random weights, but as of CompressRecipe

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pruned_from_teacher:
            self.require_prunable()
        require_architecture(self.architecture, self.supernet.choices)
