"""An estimate: a value and how sure it is."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value and the ends of its 95 % interval; `replicates` where it came from a jackknife."""

    value: float
    low: float
    high: float
    replicates: tuple[float, ...] = ()

    def times(self, factor: float) -> Self:
        """In another unit; the factor is positive and known exactly."""
        return type(self)(
            value=self.value * factor,
            low=self.low * factor,
            high=self.high * factor,
            replicates=tuple(replicate * factor for replicate in self.replicates),
        )

    def missing_of(self, whole: float) -> Self:
        """What is missing of `whole`, known exactly: the lower end becomes the upper one."""
        return type(self)(
            value=whole - self.value,
            low=whole - self.high,
            high=whole - self.low,
            replicates=tuple(whole - replicate for replicate in self.replicates),
        )
