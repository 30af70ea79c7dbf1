"""A measurement: one objective of one architecture, under a protocol, kept once for ever."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from search_service.domain.seed import require_seed


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """Everything but the architecture that a value depends on, as plain JSON.

    For `fid`: `samples`, `seed`, extractor and reference digests, up-sampling filter, quantiser.
    For `latency_ms`: `rounds`, runtime, threads, reference network. Raises InvalidInput for a seed
    that no generator takes.
    """

    objective: str
    parameters: Mapping[str, Any]

    def __post_init__(self) -> None:
        if "seed" in self.parameters:
            require_seed(self.parameters["seed"])

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON; equal protocols have equal digests."""
        text = json.dumps(
            {"objective": self.objective, **self.parameters}, sort_keys=True, separators=(",", ":")
        )
        return hashlib.sha256(text.encode()).hexdigest()

    def with_(self, **parameters: Any) -> "Protocol":
        """The same protocol with some parameters set."""
        return Protocol(objective=self.objective, parameters={**self.parameters, **parameters})


@dataclass(frozen=True, kw_only=True)
class MeasurementKey:
    """What makes two measurements the same one."""

    supernet_digest: str
    architecture: str  # text form
    objective: str
    protocol_digest: str
    device: str  # empty where the value does not depend on one


@dataclass(frozen=True, kw_only=True)
class MeasurementRequest:
    """What an evaluator is asked for."""

    supernet: str  # id
    supernet_digest: str
    architecture: str  # text form
    protocol: Protocol
    device: str = ""

    @property
    def key(self) -> MeasurementKey:
        """Where the answer is stored."""
        return MeasurementKey(
            supernet_digest=self.supernet_digest,
            architecture=self.architecture,
            objective=self.protocol.objective,
            protocol_digest=self.protocol.digest,
            device=self.device,
        )


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """The answer: a value with its interval (95 %), and what it cost."""

    value: float
    low: float
    high: float
    protocol: Protocol
    device: str = ""
    samples: int | None = None  # images, for objectives estimated from images
    seconds: float = 0.0  # of compute
    details: Mapping[str, Any] = field(default_factory=dict)  # e.g. {"ratio": …, "replicates": […]}
    images_png: bytes | None = None  # a grid of the first generated images, when there are any
