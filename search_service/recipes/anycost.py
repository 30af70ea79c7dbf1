"""The settings of an Anycost supernet's training: every default and its meaning, once."""

from dataclasses import dataclass, field

from search_service.domain.datasets import LABELLED
from search_service.domain.seed import require_seed
from search_service.errors import InvalidInput
from search_service.recipes.augment import Augment
from search_service.recipes.checks import at_least, one_of
from search_service.recipes.perceptual import Perceptual
from search_service.recipes.precision import PRECISIONS
from search_service.recipes.reading import file_field
from search_service.recipes.records import Records
from search_service.spaces.anycost import AnycostParameters, AnycostSpace
from search_service.spaces.anycost_sampling import MODES

RESOLUTIONS = ("highest", "sampled", "all")
SHRINKING = ("area", "bilinear")


@dataclass(frozen=True, kw_only=True)
class Critic:
    """The discriminator: its width, by the generator's rule, and what it is told."""

    channel_multiplier: float = 2.0
    channel_max: int = 512
    conditioned: bool = True  # told which widths made an image
    weights: str = file_field()  # to begin with: those of this stage or of an earlier one


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """Which subnet a step trains, and which of its resolutions the discriminator sees."""

    # highest: the full one alone, as StyleGAN2; sampled: some at a time, as Anycost GAN; all: every
    # one of each image in one verdict, as MSG-GAN
    resolutions: str = "sampled"
    sides: dict[str, float] = field(default_factory=dict)  # {"32": 0.6, "16": 0.4}; empty: equal
    levels: int = 1  # sampled in a step, each once; the published program takes 2
    channels: str = "sandwich"  # full; or one of MODES: uniform, flexible, sandwich
    full: float = 0.25  # of sandwich, the share of steps with the full widths
    smallest: float = 0.25  # and with the smallest; the rest draws each width by itself
    sort: bool = False  # first bring the channels that matter most to the front, in every layer

    def __post_init__(self) -> None:
        one_of("resolutions", self.resolutions, RESOLUTIONS)
        one_of("channels", self.channels, ("full", *MODES))
        at_least("levels", self.levels, 1)
        at_least("full", self.full, 0)
        at_least("smallest", self.smallest, 0)
        if self.full + self.smallest > 1:
            raise InvalidInput(
                f"full and smallest must be at most 1 together, got {self.full + self.smallest}",
                pointer="/full",
            )


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
class PathLength:
    """Equal steps in style are to change the image equally much. The highest resolution alone."""

    weight: float = 0.0  # 2 in StyleGAN2; 0: there is no such term
    every: int = 8  # steps, and weighted up by as much
    share: int = 2  # of the batch, one in so many is looked at
    decay: float = 0.01  # of the running mean of the lengths

    def __post_init__(self) -> None:
        at_least("weight", self.weight, 0)
        at_least("every", self.every, 1)
        at_least("share", self.share, 1)
        at_least("decay", self.decay, 0)


@dataclass(frozen=True, kw_only=True)
class Distillation:
    """Pull every subnet towards a full generator, at each of its resolutions."""

    weight: float = 2.0
    from_images: int = 0  # seen before it begins
    teacher: str = file_field()  # fixed weights; empty: the average of the generator in training
    shrink: str = "area"  # how the teacher's image is; or bilinear, as the published program does

    def __post_init__(self) -> None:
        at_least("weight", self.weight, 0)
        one_of("shrink", self.shrink, SHRINKING)


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
    flip: bool = False  # mirror half of the real images
    initial: str = file_field()  # the generator's first weights: those of an earlier stage
    critic: Critic = field(default_factory=Critic)
    adam: Adam = field(default_factory=Adam)
    r1: R1 = field(default_factory=R1)
    path_length: PathLength = field(default_factory=PathLength)
    distillation: Distillation = field(default_factory=Distillation)
    perceptual: Perceptual = field(default_factory=Perceptual)  # a part of distillation's distance
    augment: Augment = field(default_factory=Augment)
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
        if self.augment.steps and self.sampling.resolutions == "all":
            raise InvalidInput(
                "augment is for a discriminator that sees one resolution at a time: "
                "sampling.resolutions must be 'highest' or 'sampled'",
                pointer="/augment/policy",
            )
        if self.path_length.weight and self.sampling.resolutions != "highest":
            raise InvalidInput(
                "path length is regularised at one resolution: sampling.resolutions must be "
                f"'highest', got {self.sampling.resolutions!r}",
                pointer="/path_length/weight",
            )

    @property
    def sides(self) -> dict[int, float]:
        """Those that the discriminator sees, lowest first, and the weight of each."""
        every = AnycostSpace(self.generator).resolutions
        if self.sampling.resolutions == "highest":
            return {every[-1]: 1.0}
        if self.sampling.resolutions == "all" or not self.sampling.sides:
            return dict.fromkeys(every, 1.0)
        weights = {int(side): weight for side, weight in self.sampling.sides.items()}
        return {side: weights[side] for side in sorted(weights) if weights[side]}

    def _check_sides(self) -> None:
        known = tuple(str(side) for side in AnycostSpace(self.generator).resolutions)
        weights, levels = self.sampling.sides, self.sampling.levels
        for side, weight in weights.items():
            one_of(f"sampling/sides/{side}", side, known)
            at_least(f"sampling/sides/{side}", weight, 0)
        if weights and not sum(weights.values()) > 0:
            raise InvalidInput("no side has a weight above 0", pointer="/sampling/sides")
        if self.sampling.resolutions == "sampled" and levels > len(self.sides):
            raise InvalidInput(
                f"a step cannot sample {levels} of {len(self.sides)} sides",
                pointer="/sampling/levels",
            )

    @property
    def steps(self) -> int:
        """Whole batches in the run."""
        return self.images // self.batch

    @property
    def indivisible(self) -> int:
        """See Recipe: the discriminator compares the images of a group of four."""
        return 4
