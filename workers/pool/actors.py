"""An actor as its pool sees it, and the work that it does."""

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from search_service.domain.measurement import MeasurementRequest
from workers.blame import Deaths

R = TypeVar("R")  # what is asked of an actor: a MeasurementRequest, a ShardName

SHORT_SECONDS = 1.0  # of work; longer, and what is given ahead might wait while another is idle


@dataclass(eq=False)
class Work(Generic[R]):
    """A request on its way, and what it has done to its actors."""

    ticket: int  # 0: nobody waits for it any more
    request: R
    deaths: Deaths = field(default_factory=Deaths)


@dataclass(eq=False)
class Actor(Generic[R]):
    """What it is and what it is doing. `device` is empty for those that judge images."""

    handle: Any
    device: str = ""
    among: frozenset[str] = frozenset()  # ids of the nodes that there were when it was hired
    node: str = ""  # its id, once it is known
    seated_at: float | None = None  # when it was ready to measure
    works: deque[Work[R]] = field(default_factory=deque)  # in its hands, the first being done
    waiting: deque[Work[R]] = field(default_factory=deque)  # of architectures that it knows
    since: float = field(default_factory=time.monotonic)  # of its work, or of having none
    seconds: float = float("inf")  # that its last work took
    abandoned_at: float = 0.0  # when the last waited no more for its work
    overdue: bool = False  # killed because its work took too long
    missed: bool = False  # the log says that no node has what it needs
    leaving: bool = False  # after the work in its hands

    @property
    def idle(self) -> bool:
        """Whether it could measure now."""
        return self.seated_at is not None and not self.works and not self.leaving

    @property
    def takes_ahead(self) -> bool:
        """Whether it may be handed its next work before it has done the one in its hands: then it
        does not wait for us, which counts where work is short. Not where latency is measured."""
        short = self.seconds < SHORT_SECONDS and not self.device
        return short and len(self.works) == 1 and not self.leaving and not self.overdue


Measurer = Actor[MeasurementRequest]
Measuring = Work[MeasurementRequest]
