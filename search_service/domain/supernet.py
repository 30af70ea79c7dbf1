"""A registered supernet: where its weights are, and how its images are judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from search_service.errors import InvalidInput


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
    protocol: Mapping[str, Any] = field(default_factory=dict)  # see `judging`
    created_at: datetime

    def judging(
        self, objective: str, *, final: bool = False, pointer: str = ""
    ) -> Mapping[str, Any]:
        """The protocol of an objective estimated from images, without samples and seed; `final`:
        as at the end of a search.

        `protocol` is that of `fid`. In it `others` holds those of further objectives by name,
        `impossible` why one cannot be had, and `final` in each what differs at the end. Raises
        InvalidInput for an objective that cannot be had.
        """
        own: Mapping[str, Any] = self.protocol
        if objective != "fid":
            own = self.protocol.get("others", {}).get(objective, {})
            if not own:
                reasons = self.protocol.get("impossible", {})
                why = reasons.get(objective, "it was registered without this objective")
                raise InvalidInput(
                    f"supernet {self.name!r} cannot be judged by {objective}: {why}",
                    pointer=pointer,
                )
        apart = ("final", "others", "impossible")
        search = {name: value for name, value in own.items() if name not in apart}
        return {**search, **own.get("final", {})} if final else search


@dataclass(frozen=True, kw_only=True)
class Device:
    """A named kind of machine on which latency means something."""

    id: str
    name: str
    kind: str = "ray"
    protocol: Mapping[str, Any]  # of latency_ms on it, without rounds
    created_at: datetime
