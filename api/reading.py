"""Answers about jobs, kept as bytes and given again until the job has a new event.

Each is checked against the store after its question came in, so that none is older than what
anybody had been told before, by whichever process. Questions that wait at the same time are checked
by one query: under load it is the number of queries that stays small, not their truth.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from anyio import to_thread
from fastapi import Request, Response

from search_service.domain.event import EventKind
from search_service.domain.job import Job
from search_service.storage.base import Storage

KEPT_BYTES = 32 * 1024**2
FEW = 50  # events that are looked through; after more of them an answer is made anew


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """An answer as it was when the job's last event had that number, or later."""

    version: int
    body: bytes
    job: Job  # that it was made of

    def response(self, request: Request, *, media_type: str) -> Response:
        """It, or 304 for a client that says that it has it."""
        etag = f'"{self.version}"'
        headers = {"ETag": etag, "Cache-Control": "no-cache"}
        had = request.headers.get("if-none-match", "")
        if etag in [tag.strip().removeprefix("W/") for tag in had.split(",")]:
            return Response(status_code=304, headers=headers)
        return Response(self.body, media_type=media_type, headers=headers)


class JobAnswers:
    """Of one shape; `render` makes it of a job. All but `_make` belongs to the event loop."""

    def __init__(
        self,
        storage: Storage,
        render: Callable[[Job], bytes],
        *,
        of_front: bool = False,
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        """`of_front`: it shows the job's front and nothing else, and is made again only with that:
        most evaluations leave the front as it is."""
        self._storage = storage
        self._render = render
        self._of_front = of_front
        self._room = kept_bytes
        self._kept: OrderedDict[str, Prepared] = OrderedDict()  # by job, latest use last
        self._waiting: list[tuple[str, asyncio.Future[Prepared]]] = []
        self._reader: asyncio.Task[None] | None = None

    async def of(self, job_id: str) -> Prepared:
        """Raises NotFound, and what `render` raises."""
        asked: asyncio.Future[Prepared] = asyncio.get_running_loop().create_future()
        self._waiting.append((job_id, asked))
        if self._reader is None:
            self._reader = asyncio.create_task(self._read_on())
        return await asked

    async def _read_on(self) -> None:
        """Answer all who wait, then those who came meanwhile, until there are none."""
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._answer(batch)
        finally:
            self._reader = None

    async def _answer(self, batch: Sequence[tuple[str, asyncio.Future[Prepared]]]) -> None:
        """Whatever goes wrong is the answer to those whom it concerns: with the versions, everyone
        here; with one job, those who asked for it."""
        jobs = list(dict.fromkeys(job_id for job_id, _ in batch))
        versions = to_thread.run_sync(self._storage.jobs.last_events, jobs)
        (read,) = await asyncio.gather(versions, return_exceptions=True)
        found: dict[str, Prepared | BaseException]
        if isinstance(read, BaseException):
            found = dict.fromkeys(jobs, read)
        else:
            found = {id_: kept for id_ in jobs if (kept := self._present(id_, read)) is not None}
            changed = [id_ for id_ in jobs if id_ not in found]
            making = (
                to_thread.run_sync(self._make, id_, read.get(id_, 0), self._kept.get(id_))
                for id_ in changed
            )
            made = await asyncio.gather(*making, return_exceptions=True)
            found |= zip(changed, made, strict=True)
        for job_id, asked in batch:
            answer = found[job_id]
            if asked.done():  # its client has gone
                continue
            if isinstance(answer, BaseException):
                asked.set_exception(answer)
            else:
                asked.set_result(answer)
        self._keep(found)

    def _present(self, job_id: str, versions: Mapping[str, int]) -> Prepared | None:
        kept = self._kept.get(job_id)
        return kept if kept is not None and kept.version == versions.get(job_id, 0) else None

    def _make(self, job_id: str, version: int, kept: Prepared | None) -> Prepared:
        """In a thread, of the job as it was at that version or later."""
        job = self._storage.jobs.get(job_id)
        body = kept.body if kept is not None and self._stays(kept, job) else self._render(job)
        return Prepared(version=version, body=body, job=job)

    def _stays(self, kept: Prepared, job: Job) -> bool:
        """Whether what is kept of a front is of the one that this job has."""
        if not self._of_front:
            return False
        if (kept.job.hypervolume, kept.job.reference_point) != (
            job.hypervolume,
            job.reference_point,
        ):
            return False
        # Read after the job, so that none is missed which that may show already.
        events = self._storage.events.read(job.id, after=kept.version, limit=FEW)
        return len(events) < FEW and all(e.kind is not EventKind.FRONT for e in events)

    def _keep(self, found: Mapping[str, Prepared | BaseException]) -> None:
        for job_id, answer in found.items():
            if (old := self._kept.pop(job_id, None)) is not None:
                self._room += len(old.body)
            if isinstance(answer, Prepared):
                self._kept[job_id] = answer
                self._room -= len(answer.body)
        while self._room < 0:
            _, oldest = self._kept.popitem(last=False)
            self._room += len(oldest.body)
