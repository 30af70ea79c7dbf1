"""An estimate: a value and how sure it is."""

from dataclasses import dataclass, replace
from typing import Self

from search_service.domain.resampling import Resampling


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value and the ends of its 95 % interval; `replicates` where it was estimated again from
    parts of its images."""

    value: float
    low: float
    high: float
    replicates: tuple[float, ...] = ()
    resampling: Resampling = Resampling.JACKKNIFE  # how those were made

    def times(self, factor: float) -> Self:
        """In another unit; the factor is positive and known exactly."""
        return replace(
            self,
            value=self.value * factor,
            low=self.low * factor,
            high=self.high * factor,
            replicates=tuple(replicate * factor for replicate in self.replicates),
        )

    def missing_of(self, whole: float) -> Self:
        """What is missing of `whole`, known exactly: the lower end becomes the upper one."""
        return replace(
            self,
            value=whole - self.value,
            low=whole - self.high,
            high=whole - self.low,
            replicates=tuple(whole - replicate for replicate in self.replicates),
        )
