"""Events read for all streams of this process: on threads of their own, so that a store that does
not answer holds up nobody else, and it is said once that it does not."""

import logging

from anyio import CapacityLimiter, to_thread

from search_service.domain.event import Event
from search_service.errors import StorageUnavailable
from search_service.storage.base import Storage

logger = logging.getLogger(__name__)

THREADS = 2


class EventReads:
    """Belongs to the event loop."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._limiter: CapacityLimiter | None = None
        self._is_away = False

    async def read(self, job_id: str, *, after: int, limit: int) -> list[Event]:
        """See Events. Raises StorageUnavailable."""
        if self._limiter is None:  # made in the loop that it belongs to
            self._limiter = CapacityLimiter(THREADS)
        try:
            events = await to_thread.run_sync(
                self._read, job_id, after, limit, limiter=self._limiter
            )
        except StorageUnavailable as error:
            if not self._is_away:
                logger.warning("streams wait for the store", extra={"reason": str(error)})
            self._is_away = True
            raise
        if self._is_away:
            logger.info("streams go on")
        self._is_away = False
        return events

    def _read(self, job_id: str, after: int, limit: int) -> list[Event]:
        return self._storage.events.read(job_id, after=after, limit=limit)
