"""Answers that the API processes make for one another, through a cache that may be slow or away."""

import asyncio
from collections.abc import Mapping, Sequence

import anyio
from anyio import CapacityLimiter, to_thread

from api.build import fingerprint
from api.prepared import Prepared
from search_service.queue import Cache

WAIT_SECONDS = 0.1  # that the cache may keep an answer waiting; then nobody asks it for a while
THREADS = 2  # of its own: a cache that hangs holds none that speak to the store
UNWRITTEN = 8  # answers on their way to the cache; more are not sent


class SharedAnswers:
    """Of one shape. Belongs to the event loop; without a cache there are none."""

    def __init__(self, cache: Cache | None, shape: str) -> None:
        self._cache = cache
        self._prefix = f"{fingerprint()}:{shape}:"
        self._writing: set[asyncio.Task[None]] = set()
        self._limiter: CapacityLimiter | None = None

    async def read(self, job_ids: Sequence[str]) -> Mapping[str, Prepared]:
        """Those that are there, of whatever version."""
        if self._cache is None or not job_ids:
            return {}
        names = [self._prefix + id_ for id_ in job_ids]
        with anyio.move_on_after(WAIT_SECONDS):
            found = await to_thread.run_sync(
                self._cache.read, names, limiter=self._threads(), abandon_on_cancel=True
            )
            pairs = zip(job_ids, found, strict=True)
            return {id_: Prepared.decoded(value) for id_, value in pairs if value is not None}
        self._cache.too_slow()
        return {}

    def write(self, job_id: str, prepared: Prepared) -> None:
        """For the others; nobody waits for it."""
        if self._cache is None or len(self._writing) >= UNWRITTEN:
            return
        task = asyncio.create_task(self._write(self._cache, job_id, prepared))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write(self, cache: Cache, job_id: str, prepared: Prepared) -> None:
        name, value = self._prefix + job_id, prepared.encoded()
        await to_thread.run_sync(cache.write, name, value, limiter=self._threads())

    def _threads(self) -> CapacityLimiter:
        if self._limiter is None:  # made in the loop that it belongs to
            self._limiter = CapacityLimiter(THREADS)
        return self._limiter
