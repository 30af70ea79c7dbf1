"""The perceptual term of a loss: every default and its meaning, once.

Semantic Image Synthesis with Spatially-Adaptive Normalization (Park et al., 2019), appendix A, has
it through VGG19, whose five levels the default weights are for.
"""

from dataclasses import dataclass

from search_service.errors import InvalidInput
from search_service.recipes.checks import at_least, one_of
from search_service.recipes.distances import DISTANCES
from search_service.recipes.reading import pinned_file_field


@dataclass(frozen=True, kw_only=True)
class Perceptual:
    """What a feature network, which the user supplies, sees in two images is to be alike."""

    network: str = pinned_file_field("digest")  # TorchScript; empty: there is no such term
    digest: str = ""  # SHA-256 that the file must have; a job's recipe has it from its acceptance
    weight: float = 10.0
    levels: tuple[float, ...] = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)  # of each map, in its order
    distance: str = "l1"  # between two maps; or l2, smooth-l1

    def __post_init__(self) -> None:
        at_least("weight", self.weight, 0)
        one_of("distance", self.distance, DISTANCES)
        for level in self.levels:
            at_least("levels", level, 0)
        if not sum(self.levels) > 0:
            raise InvalidInput("no level has a weight above 0", pointer="/levels")
        if self.digest and not self.network:
            raise InvalidInput("a digest without a network to have it", pointer="/digest")

    @property
    def active(self) -> bool:
        """Whether there is a term to compute."""
        return bool(self.network) and self.weight > 0
