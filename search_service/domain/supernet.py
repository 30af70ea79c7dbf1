"""A registered supernet: where its weights are, and how its images are judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class SupernetStatus(StrEnum):
    """A worker loads the checkpoint once and settles it."""

    PENDING = "pending"
    READY = "ready"
    INVALID = "invalid"


@dataclass(frozen=True, kw_only=True)
class Supernet:
    """`digest` (of the weights' bytes) and `protocol` are known once the status is ready."""

    id: str
    name: str
    family: str
    parameters: Mapping[str, Any]
    checkpoint: str  # URI
    dataset: str
    feature_extractor: str
    status: SupernetStatus = SupernetStatus.PENDING
    reason: str = ""
    digest: str = ""
    protocol: Mapping[str, Any] = field(default_factory=dict)  # of fid, without samples and seed
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Device:
    """A named kind of machine on which latency means something."""

    id: str
    name: str
    kind: str = "ray"
    protocol: Mapping[str, Any]  # of latency_ms on it, without rounds
    created_at: datetime
