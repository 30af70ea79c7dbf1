"""Whether the store answers, told in time also while it stands still."""

import asyncio

from anyio import CapacityLimiter, to_thread

from search_service.errors import StorageUnavailable
from search_service.storage.base import Storage

WAIT_SECONDS = 2.0


class Readiness:
    """Belongs to the event loop. All who ask at once wait for one question to the store, on a
    thread that no request can take; one that is not answered stays the only one."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._asked: asyncio.Task[None] | None = None

    async def check(self) -> None:
        """Raises StorageUnavailable, after some seconds also where the store says nothing: a server
        that is stopped keeps its connections, and its machine acknowledges what is sent to it."""
        if self._asked is None or self._asked.done():
            self._asked = asyncio.create_task(self._ask())
            self._asked.add_done_callback(_look)
        done, _ = await asyncio.wait({self._asked}, timeout=WAIT_SECONDS)
        if not done:
            raise StorageUnavailable(f"the database says nothing for {WAIT_SECONDS:g} seconds")
        self._asked.result()

    async def _ask(self) -> None:
        alone = CapacityLimiter(1)
        await to_thread.run_sync(self._storage.ping, limiter=alone, abandon_on_cancel=True)


def _look(asked: asyncio.Task[None]) -> None:
    """Nobody may wait any more for how it ends, which asyncio would complain of."""
    if not asked.cancelled():
        asked.exception()
