"""The settings of a generator's training on pairs: every default and its meaning, once."""

from dataclasses import dataclass, field

from search_service.recipes.checks import at_least
from search_service.recipes.perceptual import Perceptual
from search_service.recipes.translation import GeneratorSize, TranslationRecipe


@dataclass(frozen=True, kw_only=True)
class Pix2pixRecipe(TranslationRecipe):
    """The loss is adversarial + reconstruction x L1 to the true image + the perceptual term."""

    generator: GeneratorSize = field(default_factory=GeneratorSize)
    reconstruction: float = 100.0
    perceptual: Perceptual = field(default_factory=Perceptual)

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("reconstruction", self.reconstruction, 0)
