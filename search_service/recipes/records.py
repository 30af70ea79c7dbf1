"""What every training recipe says, and how often its run is written down."""

from dataclasses import dataclass
from typing import Protocol

from search_service.errors import InvalidInput


@dataclass(frozen=True, kw_only=True)
class Records:
    """How often, in steps, a run is written down."""

    log_every: int = 50
    checkpoint_every: int = 500
    grid_every: int = 1000

    def __post_init__(self) -> None:
        for name in ("log_every", "checkpoint_every", "grid_every"):
            if getattr(self, name) < 1:
                raise InvalidInput(
                    f"{name} must be at least 1, got {getattr(self, name)}", pointer=f"/{name}"
                )


class Recipe(Protocol):
    """What every method's recipe says."""

    @property
    def images(self) -> int:
        """How many real images the discriminator sees in all."""
        ...

    @property
    def batch(self) -> int:
        """Of them, in each step."""
        ...

    @property
    def dataset(self) -> str:
        """The name of the images."""
        ...

    @property
    def records(self) -> Records:
        """How often the run is written down."""
        ...

    @property
    def steps(self) -> int:
        """Whole batches in the run."""
        ...

    @property
    def indivisible(self) -> int:
        """Images of a batch that one process must have together when several share it."""
        ...
