"""The settings of two generators' training without pairs: every default and its meaning, once."""

from dataclasses import dataclass, field

from search_service.recipes.checks import at_least
from search_service.recipes.translation import GeneratorSize, TranslationRecipe


@dataclass(frozen=True, kw_only=True)
class CycleganRecipe(TranslationRecipe):
    """The generators' loss is adversarial + cycle x (L1 after a round trip + identity x L1 of an
    image that is in the right domain already), both ways."""

    adversarial: str = "lsgan"
    generator: GeneratorSize = field(default_factory=GeneratorSize)
    cycle: float = 10.0
    identity: float = 0.5  # needs as many channels in one domain as in the other
    pool: int = 50  # generated images that each discriminator is shown again

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("cycle", "identity", "pool"):
            at_least(name, getattr(self, name), 0)
