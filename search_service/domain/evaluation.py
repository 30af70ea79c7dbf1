"""An evaluation: one architecture with its values, numbered within its job."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from search_service.domain.measurement import Measurement
from search_service.domain.resampling import Resampling
from search_service.domain.space import Option


class EvaluationState(StrEnum):
    """How an evaluation ended."""

    MEASURED = "measured"  # every objective has a value
    INFEASIBLE = "infeasible"  # a constraint is broken; later objectives were not measured
    FAILED = "failed"  # it could not be measured; `reason` says why


@dataclass(frozen=True, kw_only=True)
class Value:
    """One number with its interval and its provenance."""

    value: float
    low: float | None = None
    high: float | None = None
    samples: int | None = None
    device: str = ""
    protocol_digest: str = ""  # empty for closed forms
    replicates: tuple[float, ...] = ()  # of the same images as others', for paired comparisons
    resampling: str = Resampling.JACKKNIFE  # how they were made

    @classmethod
    def of(cls, measurement: Measurement) -> "Value":
        """The part of a measurement that an evaluation shows."""
        return cls(
            value=measurement.value,
            low=measurement.low,
            high=measurement.high,
            samples=measurement.samples,
            device=measurement.device,
            protocol_digest=measurement.protocol.digest,
            replicates=tuple(measurement.details.get("replicates", ())),
            resampling=measurement.details.get("resampling", Resampling.JACKKNIFE),
        )


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Numbers run from 0 without gaps in the order of proposal, not of finishing.

    `values` are those of the search; `final_values` those re-measured with fresh samples at the
    end, for members of the front and those within noise of it.
    """

    id: str
    job: str
    supernet: str
    number: int
    architecture: str  # text form
    options: Mapping[str, Option]  # by choice name, without choices that have no effect
    state: EvaluationState
    rung: int  # of the fidelity ladder, the highest reached; -1 when no images were judged
    values: Mapping[str, Value]
    final_values: Mapping[str, Value] = field(default_factory=dict)
    reason: str = ""
    samples_artifact: str | None = None  # a PNG of its images
    seconds: float = 0.0  # of compute, cached measurements cost none
    cached: bool = False  # every measurement was read, none made
    created_at: datetime

    @property
    def best_values(self) -> Mapping[str, Value]:
        """The re-measured values where there are any."""
        return {**self.values, **self.final_values}


@dataclass(frozen=True, kw_only=True)
class Finished:
    """An evaluation that has ended, and what it made of its job's front."""

    evaluation: Evaluation
    front: Sequence[str] | None = None  # ids of evaluations of this job; None: as before
    hypervolume: float | None = None  # None: as before
    reference_point: Mapping[str, float] | None = None  # of the hypervolume, once it is fixed
