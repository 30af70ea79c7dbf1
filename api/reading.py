"""Answers about jobs, kept as bytes and given again until the job has a new event.

Each is checked against the store after its question came in, so that none is older than what
anybody had been told before, by whichever process. Questions that wait at the same time are checked
by one query: under load it is the number of queries that stays small, not their truth.

What another process has made need not be made here. Nothing but the store says whether it is of the
present: an answer is kept, here or for others, under the event that was the job's last both before
and after it was made, so that it is of the job as it was then and of nothing later.
"""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

from anyio import to_thread

from api.prepared import Prepared, Version
from api.shared import SharedAnswers
from search_service import telemetry
from search_service.domain.event import EventKind
from search_service.domain.job import Job
from search_service.queue import Cache
from search_service.storage.base import Storage

KEPT_BYTES = 32 * 1024**2
FEW = 50  # events that are looked through; after more of them an answer is made anew
TRIES = 2  # to make an answer while nothing happens to its job

Found = dict[str, Prepared | BaseException]


class JobAnswers:
    """Of one shape; `render` makes it of a job. All but `_make` belongs to the event loop."""

    def __init__(
        self,
        storage: Storage,
        render: Callable[[Job], bytes],
        *,
        shape: str,
        of_front: bool = False,
        cache: Cache | None = None,
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        """`of_front`: it shows the job's front and nothing else, and is made again only with that:
        most evaluations leave the front as it is."""
        self._storage = storage
        self._render = render
        self._shape = shape
        self._of_front = of_front
        self._shared = SharedAnswers(cache, shape)
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
        (looked,) = await asyncio.gather(self._look_up(jobs), return_exceptions=True)
        found = dict.fromkeys(jobs, looked) if isinstance(looked, BaseException) else looked
        for job_id, asked in batch:
            answer = found[job_id]
            if asked.done():  # its client has gone
                continue
            if isinstance(answer, BaseException):
                asked.set_exception(answer)
            else:
                asked.set_result(answer)
        self._keep(found)

    async def _look_up(self, jobs: Sequence[str]) -> Found:
        """Here, then where the other processes keep theirs; what is left is made."""
        versions = await self._versions(jobs)
        found: Found = {id_: self._kept[id_] for id_ in jobs if self._is_of(id_, versions)}
        telemetry.count_answers(self._shape, "kept", len(found))
        left = [id_ for id_ in jobs if id_ not in found]
        shared = await self._shared.read(left)
        present = {id_: s for id_, s in shared.items() if s.version == versions.get(id_)}
        telemetry.count_answers(self._shape, "shared", len(present))
        left = [id_ for id_ in left if id_ not in present]
        return found | present | await self._made(left, versions, shared)

    def _is_of(self, job_id: str, versions: Mapping[str, Version]) -> bool:
        kept = self._kept.get(job_id)
        return kept is not None and kept.version == versions.get(job_id)

    async def _versions(self, jobs: Sequence[str]) -> Mapping[str, Version]:
        return await to_thread.run_sync(self._storage.jobs.last_events, jobs)

    async def _made(
        self, jobs: Sequence[str], before: Mapping[str, Version], shared: Mapping[str, Prepared]
    ) -> Found:
        """Anew if the job has changed meanwhile, but not for ever: one that always does is answered
        without a version."""
        telemetry.count_answers(self._shape, "made", len(jobs))
        found: Found = {}
        left = list(jobs)
        for last in [False] * (TRIES - 1) + [True]:
            if not left:
                break
            making = (to_thread.run_sync(self._make, id_, self._base(id_, shared)) for id_ in left)
            made = await asyncio.gather(*making, return_exceptions=True)
            after = await self._versions(left)
            for id_, answer in zip(left, made, strict=True):
                version = after.get(id_)
                exact = version is not None and version == before.get(id_)
                if isinstance(answer, BaseException):
                    found[id_] = answer
                elif exact or last:
                    body, mark = answer
                    one = Prepared(version=version if exact else None, body=body, mark=mark)
                    found[id_] = one
                    if exact:
                        self._shared.write(id_, one)
            left, before = [id_ for id_ in left if id_ not in found], after
        return found

    def _base(self, job_id: str, shared: Mapping[str, Prepared]) -> Prepared | None:
        """The latest of a front that may still be as it is."""
        known = [p for p in (self._kept.get(job_id), shared.get(job_id)) if p and p.version]
        return max(known, key=lambda p: p.version or (), default=None) if self._of_front else None

    def _make(self, job_id: str, base: Prepared | None) -> tuple[bytes, str]:
        """In a thread: the body of the job as it is now, and its mark."""
        job = self._storage.jobs.get(job_id)
        mark = _mark(job) if self._of_front else ""
        if base is not None and base.mark == mark and self._stays(job_id, base):
            return base.body, mark
        return self._render(job), mark

    def _stays(self, job_id: str, base: Prepared) -> bool:
        """Whether the front has had the same members since, by the events from that one on. Read
        after the job, so that none is missed which that may show already."""
        assert base.version is not None
        number, at = base.version
        events = self._storage.events.read(job_id, after=number - 1, limit=FEW + 1)
        if not events or events[0].at != at or len(events) > FEW:
            return False
        return all(event.kind is not EventKind.FRONT for event in events[1:])

    def _keep(self, found: Mapping[str, Prepared | BaseException]) -> None:
        for job_id, answer in found.items():
            if not isinstance(answer, Prepared) or answer.version is None:
                continue
            if (old := self._kept.pop(job_id, None)) is not None:
                self._room += len(old.body)
            self._kept[job_id] = answer
            self._room -= len(answer.body)
        while self._room < 0:
            _, oldest = self._kept.popitem(last=False)
            self._room += len(oldest.body)


def _mark(job: Job) -> str:
    """What an answer of a front shows of its job and no `front` event need tell."""
    return json.dumps([job.hypervolume, job.reference_point], sort_keys=True)
