"""An event: something that happened to a job, numbered, told in the transaction that did it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class EventKind(StrEnum):
    """The `event:` field of the stream."""

    STATE = "state"
    EVALUATION = "evaluation"
    FRONT = "front"
    PROGRESS = "progress"
    LOG = "log"
    END = "end"  # the job's last event of an attempt; the stream closes after it


@dataclass(frozen=True, kw_only=True)
class Event:
    """`sequence` starts at 1 for each job and has no gaps."""

    job: str
    sequence: int
    kind: EventKind
    data: Mapping[str, Any]
    at: datetime
