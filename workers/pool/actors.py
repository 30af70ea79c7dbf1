"""An actor as its pool sees it, and the work that it does."""

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from search_service.domain.measurement import MeasurementRequest


@dataclass
class Work:
    """A request on its way. `deaths` counts the actors that died of it."""

    ticket: int  # 0: nobody waits for it any more
    request: MeasurementRequest
    deaths: int = 0


@dataclass(eq=False)
class Actor:
    """What it is and what it is doing. `device` is empty for those that judge images."""

    handle: Any
    device: str = ""
    node: str = ""  # its id, once it is known
    seated_at: float | None = None  # when it was ready to measure
    work: Work | None = None
    waiting: deque[Work] = field(default_factory=deque)  # of architectures that it knows
    since: float = field(default_factory=time.monotonic)  # of its work, or of having none
    abandoned_at: float = 0.0  # when the last waited no more for its work
    overdue: bool = False  # killed because its work took too long
    leaving: bool = False  # after the work in its hands

    @property
    def idle(self) -> bool:
        """Whether it could measure now."""
        return self.seated_at is not None and self.work is None and not self.leaving
