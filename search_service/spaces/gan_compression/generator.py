"""What the space asks of each kind of generator."""

from collections.abc import Mapping
from typing import Protocol

from search_service.spaces.gan_compression.parameters import GanCompressionParameters, Options

Widths = tuple[int, ...]  # base width at each position


class Generator(Protocol):
    """One kind of generator: its text forms, its published spaces, and its exact cost."""

    @property
    def forms(self) -> Mapping[int, tuple[int, ...]]:
        """By count of numbers in a text: the number that each position takes, for every form that
        is read. The first is the one that is written, a number per position."""
        ...

    @property
    def published(self) -> Mapping[str, tuple[Options, ...]]:
        """Search spaces by their published names."""
        ...

    def check(self, parameters: GanCompressionParameters) -> None:
        """Raises InvalidInput when such a generator cannot be built."""
        ...

    def live(self, parameters: GanCompressionParameters) -> tuple[bool, ...]:
        """Which positions have an effect at all."""
        ...

    def macs(self, parameters: GanCompressionParameters, widths: Widths, *, published: bool) -> int:
        """See SearchSpace."""
        ...

    def params(self, parameters: GanCompressionParameters, widths: Widths) -> int:
        """See SearchSpace."""
        ...
