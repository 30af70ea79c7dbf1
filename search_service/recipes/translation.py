"""What the recipes of image-to-image trainings share: every default and its meaning, once.

Defaults are those of pix2pix (Isola et al., 2017), CycleGAN (Zhu et al., 2017) and GAN Compression
(Li et al., 2020).
"""

from dataclasses import dataclass, field
from typing import ClassVar

from search_service.domain.datasets import TWO_DOMAINS
from search_service.domain.seed import require_seed
from search_service.errors import InvalidInput
from search_service.recipes.adversarial import ADVERSARIAL
from search_service.recipes.augment import Augment
from search_service.recipes.checks import at_least, one_of
from search_service.recipes.precision import PRECISIONS
from search_service.recipes.reading import file_field
from search_service.recipes.records import Records

KINDS = ("dense", "mobile")


@dataclass(frozen=True, kw_only=True)
class GeneratorSize:
    """A residual generator of one width."""

    kind: str = "dense"  # dense 3x3 convolutions in its residual blocks, or mobile: separable ones
    base_channels: int = 64
    blocks: int = 9

    def __post_init__(self) -> None:
        one_of("kind", self.kind, KINDS)
        at_least("base_channels", self.base_channels, 1)
        at_least("blocks", self.blocks, 1)


@dataclass(frozen=True, kw_only=True)
class Teacher(GeneratorSize):
    """A trained generator."""

    weights: str = file_field()


@dataclass(frozen=True, kw_only=True)
class CriticSize:
    """A PatchGAN: each logit judges a patch."""

    base_channels: int = 64
    layers: int = 3  # downward steps, so how large the patches are
    weights: str = file_field()  # to begin with

    def __post_init__(self) -> None:
        at_least("base_channels", self.base_channels, 1)
        at_least("layers", self.layers, 1)


@dataclass(frozen=True, kw_only=True)
class Adam:
    """The optimiser of every network."""

    learning_rate: float = 0.0002
    beta1: float = 0.5
    beta2: float = 0.999
    decay_from: float = 0.5  # share of the run after which the rate falls linearly

    def __post_init__(self) -> None:
        at_least("learning_rate", self.learning_rate, 0)
        for name in ("beta1", "beta2"):
            if not 0 <= getattr(self, name) < 1:
                raise InvalidInput(
                    f"{name} must be at least 0 and below 1, got {getattr(self, name)}",
                    pointer=f"/{name}",
                )
        if not 0 <= self.decay_from <= 1:
            raise InvalidInput(
                f"decay_from must be 0 to 1, got {self.decay_from}", pointer="/decay_from"
            )


@dataclass(frozen=True, kw_only=True)
class ImageToImageRecipe:
    """One run; equal recipes on one machine give equal weights in float32."""

    datasets: ClassVar[tuple[str, ...]] = TWO_DOMAINS

    dataset: str  # one of `datasets`
    images: int  # how many inputs are seen in all
    batch: int = 1
    seed: int = 233
    precision: str = "float32"  # of the convolutions: float32, or bfloat16 by autocast
    flip: bool = False  # mirror half of the images; both sides of a pair alike
    adversarial: str = "hinge"  # one of ADVERSARIAL
    augment: Augment = field(default_factory=Augment)  # of what the discriminator sees
    records: Records = field(default_factory=Records)

    def __post_init__(self) -> None:
        one_of("dataset", self.dataset, self.datasets)
        one_of("precision", self.precision, PRECISIONS)
        one_of("adversarial", self.adversarial, ADVERSARIAL)
        require_seed(self.seed)
        at_least("batch", self.batch, 1)
        at_least("images", self.images, self.batch)

    @property
    def steps(self) -> int:
        """Whole batches in the run."""
        return self.images // self.batch

    @property
    def indivisible(self) -> int:
        """See Recipe."""
        return 1


@dataclass(frozen=True, kw_only=True)
class TranslationRecipe(ImageToImageRecipe):
    """Of residual generators, which take images."""

    critic: CriticSize = field(default_factory=CriticSize)
    adam: Adam = field(default_factory=Adam)
