"""The contract of events."""

from collections.abc import Mapping
from typing import Any, Protocol

from search_service.domain.event import Event
from search_service.domain.job import Claim


class Events(Protocol):
    """What a job's stream tells."""

    def read(self, job_id: str, *, after: int = 0, limit: int = 500) -> list[Event]:
        """Events with a sequence above `after`, in order."""
        ...

    def progress(self, claim: Claim, data: Mapping[str, Any]) -> None:
        """Append a `progress` event; raises LostClaim."""
        ...

    def log(self, claim: Claim, message: str) -> None:
        """Append a `log` event; raises LostClaim."""
        ...
