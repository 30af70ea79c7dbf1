"""What an actor says of itself once it can measure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Seated:
    """Where it is, and what it can say of its supernet."""

    node: str  # id of the node that it is on
    image_protocols: Mapping[str, Any]  # see ArchitectureEvaluator
