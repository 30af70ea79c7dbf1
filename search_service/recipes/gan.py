"""The settings of a training from latents alone: every default and its meaning, once."""

from dataclasses import dataclass, field

from search_service.domain.datasets import LABELLED
from search_service.domain.seed import require_seed
from search_service.errors import InvalidInput
from search_service.recipes.adversarial import ADVERSARIAL
from search_service.recipes.anycost import Averaging
from search_service.recipes.augment import Augment
from search_service.recipes.checks import at_least, one_of
from search_service.recipes.precision import PRECISIONS
from search_service.recipes.records import Records
from search_service.recipes.translation import Adam
from search_service.spaces.anycost import AnycostParameters

PAIRS = ("dcgan", "stylegan2")
SLOPES = ("images", "seen")


@dataclass(frozen=True, kw_only=True)
class DcganSize:
    """A generator and a discriminator of strided convolutions."""

    latent_dim: int = 64
    generator_channels: int = 32  # at half the full side; twice as many at each smaller one
    critic_channels: int = 32  # likewise
    critic_hidden: int = 256  # between its last map and its verdict

    def __post_init__(self) -> None:
        for name in ("latent_dim", "generator_channels", "critic_channels", "critic_hidden"):
            at_least(name, getattr(self, name), 1)


@dataclass(frozen=True, kw_only=True)
class Stylegan2Size:
    """The Anycost family's full generator at its full side, and StyleGAN2's discriminator."""

    style_dim: int = 128
    mapping_layers: int = 4
    channel_multiplier: float = 0.0625
    channel_max: int = 128
    critic_channel_multiplier: float = 0.0625
    critic_channel_max: int = 128


@dataclass(frozen=True, kw_only=True)
class SlopePenalty:
    """R1: the slope at real images is held down, every so many steps and weighted up by as much."""

    weight: float = 0.0
    every: int = 16
    at: str = "images"  # through the augmentation; or seen: at the augmented images

    def __post_init__(self) -> None:
        at_least("weight", self.weight, 0)
        at_least("every", self.every, 1)
        one_of("at", self.at, SLOPES)


@dataclass(frozen=True, kw_only=True)
class GanRecipe:
    """One run; equal recipes on one machine give equal weights in float32."""

    images: int  # how many real images the discriminator sees in all
    pair: str = "dcgan"  # one of PAIRS; the table of that name has its size
    dataset: str = "fashion-mnist-32"  # one of LABELLED
    data_fraction: float = 1.0  # share of the training images that is used, drawn by the seed
    resolution: int = 32
    image_channels: int = 1
    classes: int = 0  # the data set's, where images are made of a class that is asked for
    batch: int = 64  # real images of a step, an equal part for each update of the discriminator
    critic_steps: int = 1  # those updates; the generator has one, of as many images as each
    seed: int = 0
    precision: str = "float32"  # of the convolutions: float32, or bfloat16 by autocast
    flip: bool = False  # mirror half of the real images
    adversarial: str = "non-saturating"  # one of ADVERSARIAL
    dcgan: DcganSize = field(default_factory=DcganSize)
    stylegan2: Stylegan2Size = field(default_factory=Stylegan2Size)
    generator_adam: Adam = field(default_factory=Adam)
    critic_adam: Adam = field(default_factory=Adam)
    r1: SlopePenalty = field(default_factory=SlopePenalty)
    augment: Augment = field(default_factory=Augment)
    averaging: Averaging = field(default_factory=Averaging)
    records: Records = field(default_factory=Records)

    def __post_init__(self) -> None:
        one_of("pair", self.pair, PAIRS)
        one_of("dataset", self.dataset, LABELLED)
        one_of("precision", self.precision, PRECISIONS)
        one_of("adversarial", self.adversarial, ADVERSARIAL)
        require_seed(self.seed)
        if not 0 < self.data_fraction <= 1:
            raise InvalidInput(
                f"data_fraction must be above 0 and at most 1, got {self.data_fraction}",
                pointer="/data_fraction",
            )
        if self.resolution < 8 or self.resolution & (self.resolution - 1):
            raise InvalidInput(
                f"resolution must be a power of two from 8, got {self.resolution}",
                pointer="/resolution",
            )
        at_least("image_channels", self.image_channels, 1)
        at_least("classes", self.classes, 0)
        at_least("critic_steps", self.critic_steps, 1)
        at_least("batch", self.batch, 1)
        if self.batch % (self.critic_steps * self.indivisible):
            raise InvalidInput(
                f"batch must be a multiple of {self.critic_steps * self.indivisible}, "
                f"got {self.batch}",
                pointer="/batch",
            )
        at_least("images", self.images, self.batch)
        if self.pair == "stylegan2":
            self._check_style()

    @property
    def generator(self) -> AnycostParameters:
        """Of the pair `stylegan2`: the net whose full generator is trained."""
        return AnycostParameters(
            resolution=self.resolution,
            channel_multiplier=self.stylegan2.channel_multiplier,
            channel_max=self.stylegan2.channel_max,
            style_dim=self.stylegan2.style_dim,
            mapping_layers=self.stylegan2.mapping_layers,
            image_channels=self.image_channels,
            classes=self.classes,
        )

    @property
    def steps(self) -> int:
        """Whole batches in the run."""
        return self.images // self.batch

    @property
    def indivisible(self) -> int:
        """See Recipe: StyleGAN2's discriminator compares the images of a group of four."""
        return 4 if self.pair == "stylegan2" else 1

    def _check_style(self) -> None:
        try:
            _ = self.generator
        except InvalidInput as error:
            error.pointer = "/stylegan2" + error.pointer.removeprefix("/parameters")
            raise
