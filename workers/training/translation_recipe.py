"""What the recipes of image-to-image trainings share: every default and its meaning, once.

Defaults are those of pix2pix (Isola et al., 2017), CycleGAN (Zhu et al., 2017) and GAN Compression
(Li et al., 2020).
"""

from dataclasses import dataclass, field

from search_service.errors import InvalidInput
from workers.training.objectives import ADVERSARIAL
from workers.training.precision import check_precision
from workers.training.recipe import Records

KINDS = ("dense", "mobile")


@dataclass(frozen=True, kw_only=True)
class GeneratorSize:
    """A residual generator of one width."""

    kind: str = "dense"  # dense 3x3 convolutions in its residual blocks, or mobile: separable ones
    base_channels: int = 64
    blocks: int = 9

    def __post_init__(self) -> None:
        require("generator kind", self.kind, KINDS)


@dataclass(frozen=True, kw_only=True)
class Teacher(GeneratorSize):
    """A trained generator."""

    weights: str = ""  # its file


@dataclass(frozen=True, kw_only=True)
class CriticSize:
    """A PatchGAN: each logit judges a patch."""

    base_channels: int = 64
    layers: int = 3  # downward steps, so how large the patches are
    weights: str = ""  # a file to begin with


@dataclass(frozen=True, kw_only=True)
class Adam:
    """The optimiser of every network."""

    learning_rate: float = 0.0002
    beta1: float = 0.5
    beta2: float = 0.999
    decay_from: float = 0.5  # share of the run after which the rate falls linearly

    def __post_init__(self) -> None:
        if not 0 <= self.decay_from <= 1:
            raise InvalidInput(f"adam.decay_from must be 0 to 1, got {self.decay_from}")


@dataclass(frozen=True, kw_only=True)
class TranslationRecipe:
    """One run; equal recipes on one machine give equal weights in float32."""

    dataset: str  # a name in workers.images.DOMAINS
    images: int  # how many inputs are seen in all
    batch: int = 1
    seed: int = 233
    precision: str = "float32"  # of the convolutions: float32, or bfloat16 by autocast
    flip: bool = False  # mirror half of the images; both sides of a pair alike
    adversarial: str = "hinge"  # a name in workers.training.objectives.ADVERSARIAL
    critic: CriticSize = field(default_factory=CriticSize)
    adam: Adam = field(default_factory=Adam)
    records: Records = field(default_factory=Records)

    def __post_init__(self) -> None:
        check_precision(self.precision)
        _ = ADVERSARIAL[self.adversarial]
        if self.batch < 1 or self.images < self.batch:
            raise InvalidInput(
                f"batch must be at least 1 and images at least batch, "
                f"got {self.batch} and {self.images}"
            )

    @property
    def steps(self) -> int:
        """Whole batches in the run."""
        return self.images // self.batch


def require(what: str, value: str, known: tuple[str, ...]) -> None:
    """Raises InvalidInput unless the value is a known one."""
    if value not in known:
        raise InvalidInput(f"{what} must be one of {', '.join(known)}, got {value!r}")
