"""The settings of an Anycost supernet's training: every default and its meaning, once."""

from dataclasses import dataclass, field

from search_service.domain.datasets import LABELLED
from search_service.domain.seed import require_seed
from search_service.errors import InvalidInput
from search_service.recipes.checks import at_least, one_of
from search_service.recipes.precision import PRECISIONS
from search_service.recipes.records import Records
from search_service.spaces.anycost import AnycostParameters, AnycostSpace


@dataclass(frozen=True, kw_only=True)
class Critic:
    """The discriminator's width, by the generator's rule."""

    channel_multiplier: float = 2.0
    channel_max: int = 512


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """Which subnet a step trains: a weight per output side, and how often the extremes come."""

    sides: dict[str, float]  # {"32": 0.6, "16": 0.25, "8": 0.15}
    full: float = 0.25  # share of steps with the full widths
    smallest: float = 0.25  # share with the smallest; the rest draws each width by itself


@dataclass(frozen=True, kw_only=True)
class Adam:
    """Both networks' optimiser; the decay brings the noise of the last steps down."""

    learning_rate: float = 0.002
    beta1: float = 0.0
    beta2: float = 0.99
    decay_from: float = 0.8  # share of the run after which the rate falls linearly to zero


@dataclass(frozen=True, kw_only=True)
class R1:
    """The gradient penalty on real images, every so many steps and weighted up by as much."""

    weight: float = 10.0
    every: int = 16

    def __post_init__(self) -> None:
        at_least("every", self.every, 1)


@dataclass(frozen=True, kw_only=True)
class Distillation:
    """Pull every subnet towards the averaged full generator, once that shows something."""

    weight: float = 2.0
    from_images: int = 0


@dataclass(frozen=True, kw_only=True)
class Averaging:
    """The generator's exponential moving average, which is what is kept."""

    half_life: float = 10_000.0  # in images
    rampup: float = 0.05  # at first the half-life is this share of the images seen


@dataclass(frozen=True, kw_only=True)
class AnycostRecipe:
    """One training run; equal recipes on one machine give equal weights in float32."""

    images: int  # how many real images the discriminator sees in all
    generator: AnycostParameters
    sampling: Sampling
    dataset: str = "fashion-mnist-32"  # one of LABELLED
    batch: int = 32
    seed: int = 0
    precision: str = "float32"  # of the convolutions: float32, or bfloat16 by autocast
    mixing: float = 0.9  # share of generator steps with two latents an image
    critic: Critic = field(default_factory=Critic)
    adam: Adam = field(default_factory=Adam)
    r1: R1 = field(default_factory=R1)
    distillation: Distillation = field(default_factory=Distillation)
    averaging: Averaging = field(default_factory=Averaging)
    records: Records = field(default_factory=Records)

    def __post_init__(self) -> None:
        one_of("dataset", self.dataset, LABELLED)
        one_of("precision", self.precision, PRECISIONS)
        require_seed(self.seed)
        if self.batch < 1 or (self.batch > 4 and self.batch % 4):
            raise InvalidInput(
                f"batch must be 1 to 4 or a multiple of 4, got {self.batch}", pointer="/batch"
            )
        at_least("images", self.images, self.batch)
        self._check_sides()

    def _check_sides(self) -> None:
        known = tuple(str(side) for side in AnycostSpace(self.generator).resolutions)
        weights = self.sampling.sides
        for side, weight in weights.items():
            one_of(f"sampling/sides/{side}", side, known)
            at_least(f"sampling/sides/{side}", weight, 0)
        if not sum(weights.values()) > 0:
            raise InvalidInput("no side has a weight above 0", pointer="/sampling/sides")

    @property
    def steps(self) -> int:
        """Whole batches in the run."""
        return self.images // self.batch

    @property
    def indivisible(self) -> int:
        """See Recipe: the discriminator compares the images of a group of four."""
        return 4
