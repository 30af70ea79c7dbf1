"""A trained generator that a search compares its candidates with."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

OBJECTIVE = "teacher_distance"  # what it is for


@dataclass(frozen=True, kw_only=True)
class SuppliedTeacher:
    """Field names are those of the HTTP body. `digest` is known once the search is accepted."""

    checkpoint: str  # URI
    base_channels: int
    kind: str = "dense"  # or mobile: separable convolutions
    blocks: int = 9  # residual ones, where it has any
    digest: str = ""  # SHA-256 of the file

    def to_json(self) -> dict[str, Any]:
        """The HTTP shape, and what a protocol says of it."""
        return asdict(self)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "SuppliedTeacher":
        """From the HTTP shape, whose types were checked."""
        return cls(**body)
