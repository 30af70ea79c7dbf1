"""The recipes of SPADE generators, from label maps to photographs: every default, once.

Defaults are those of Semantic Image Synthesis with Spatially-Adaptive Normalization (Park et al.,
2019) and GAN Compression (Li et al., 2020).
"""

from dataclasses import astuple, dataclass, field, replace
from typing import ClassVar

from search_service import spaces
from search_service.domain.datasets import MAPS
from search_service.domain.space import SearchSpace
from search_service.errors import InvalidInput
from search_service.recipes.checks import at_least, one_of, require_a_term, require_architecture
from search_service.recipes.perceptual import Perceptual
from search_service.recipes.pruning import require_prunable
from search_service.recipes.reading import file_field, required_file
from search_service.recipes.translation import KINDS, Adam, ImageToImageRecipe
from search_service.spaces.gan_compression.spade_geometry import DOUBLINGS

GENERATOR = "spade"  # what a supernet's table says, for the recipes here to be meant


@dataclass(frozen=True, kw_only=True)
class SpadeSize:
    """A SPADE generator of one width."""

    kind: str = "dense"  # dense convolutions within its norms, or mobile: separable ones
    base_channels: int = 64

    def __post_init__(self) -> None:
        one_of("kind", self.kind, KINDS)
        at_least("base_channels", self.base_channels, 1)


@dataclass(frozen=True, kw_only=True)
class SpadeTeacher(SpadeSize):
    """A trained generator."""

    weights: str = file_field()


@dataclass(frozen=True, kw_only=True)
class SpadeStudentSize:
    """The supernet whose weights or whose subnet is trained."""

    generator: str = GENERATOR
    base_channels: int = 64
    space: str = ""  # a published search space; empty: quarters of base_channels everywhere

    def __post_init__(self) -> None:
        one_of("generator", self.generator, (GENERATOR,))
        _ = self.choices

    @property
    def choices(self) -> SearchSpace:
        """What its subnets may be; the maps' sides, which it leaves out, change only costs."""
        about = {"base_channels": self.base_channels, "space": self.space}
        return spaces.build("gan-compression", {"generator": GENERATOR, **about})


@dataclass(frozen=True, kw_only=True)
class MultiScaleCritic:
    """PatchGANs of several scales, spectrally normalised."""

    base_channels: int = 64
    layers: int = 4  # hidden convolutions of each
    scales: int = 2  # each on images of half the sides of the one before
    weights: str = file_field()  # to begin with

    def __post_init__(self) -> None:
        for name in ("base_channels", "layers", "scales"):
            at_least(name, getattr(self, name), 1)


@dataclass(frozen=True, kw_only=True)
class SpadeAdam(Adam):
    """`two_rates`: the generator learns at half of the rate, the discriminator at twice the rate.

    GANs Trained by a Two Time-Scale Update Rule (Heusel et al., 2017).
    """

    beta1: float = 0.0
    beta2: float = 0.9
    two_rates: bool = True

    @property
    def of_generator(self) -> Adam:
        """Its own settings."""
        return self._scaled(0.5)

    @property
    def of_critic(self) -> Adam:
        """Its own settings."""
        return self._scaled(2.0)

    def _scaled(self, factor: float) -> Adam:
        rate = self.learning_rate * factor if self.two_rates else self.learning_rate
        return replace(self, learning_rate=rate)


@dataclass(frozen=True, kw_only=True)
class SpadeWeights:
    """Of each term of the generator's loss; a term of weight 0 is not computed."""

    adversarial: float = 1.0
    feature_matching: float = 10.0  # of the discriminator's features with those of true images

    def __post_init__(self) -> None:
        for name in ("adversarial", "feature_matching"):
            at_least(name, getattr(self, name), 0)

    @property
    def judged(self) -> bool:
        """Whether there is anything for a discriminator to do."""
        return self.adversarial > 0 or self.feature_matching > 0


@dataclass(frozen=True, kw_only=True)
class SpadeStudentWeights(SpadeWeights):
    """With the teacher's part."""

    distillation: float = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("distillation", self.distillation, 0)


@dataclass(frozen=True, kw_only=True)
class PaintingRecipe(ImageToImageRecipe):
    """What all of them say."""

    datasets: ClassVar[tuple[str, ...]] = MAPS

    map_channels: int  # classes, the unknown one among them, and one of edges with instance maps
    upsampling: str = "normal"  # the first map is 32 times smaller than the image, or more: 64
    weights: SpadeWeights = field(default_factory=SpadeWeights)
    perceptual: Perceptual = field(default_factory=Perceptual)
    critic: MultiScaleCritic = field(default_factory=MultiScaleCritic)
    adam: SpadeAdam = field(default_factory=SpadeAdam)

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("map_channels", self.map_channels, 1)
        one_of("upsampling", self.upsampling, tuple(DOUBLINGS))
        require_a_term([*astuple(self.weights), self.perceptual.active])


@dataclass(frozen=True, kw_only=True)
class SpadeRecipe(PaintingRecipe):
    """A generator from random weights, itself spectrally normalised while it learns."""

    generator: SpadeSize = field(default_factory=SpadeSize)


@dataclass(frozen=True, kw_only=True)
class SpadeStudentRecipe(PaintingRecipe):
    """A smaller generator, beside a teacher."""

    supernet: SpadeStudentSize = field(default_factory=SpadeStudentSize)
    teacher: SpadeTeacher = field(default_factory=SpadeTeacher)
    weights: SpadeStudentWeights = field(default_factory=SpadeStudentWeights)
    layers: tuple[str, ...] = ("head_0", "G_middle_1", "up_1")  # mapped

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.weights.distillation and not self.teacher.weights:
            raise InvalidInput(
                "teacher.weights must name a file: this recipe learns from a teacher",
                pointer="/teacher/weights",
            )
        if self.weights.distillation and not self.layers:
            raise InvalidInput(
                "layers must name one or more mapped layers: this recipe learns from a teacher",
                pointer="/layers",
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


@dataclass(frozen=True, kw_only=True)
class SpadeCompressRecipe(SpadeStudentRecipe):
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
class SpadeFinetuneRecipe(SpadeStudentRecipe):
    """One architecture, from the weights that it has in a trained supernet."""

    architecture: str
    initial: str = required_file()  # the supernet's weights

    def __post_init__(self) -> None:
        super().__post_init__()
        require_architecture(self.architecture, self.supernet.choices)


@dataclass(frozen=True, kw_only=True)
class SpadeScratchRecipe(SpadeStudentRecipe):
    """One architecture from random weights: what compression is compared with."""

    architecture: str
    pruned_from_teacher: bool = False  # not random weights, but as of SpadeCompressRecipe

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pruned_from_teacher:
            self.require_prunable()
        require_architecture(self.architecture, self.supernet.choices)
