"""The contract of evaluations."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from search_service.domain.evaluation import Evaluation, Finished, Value
from search_service.domain.job import Claim
from search_service.domain.judged import Judged
from search_service.storage.base.paging import Page


class Evaluations(Protocol):
    """What was evaluated."""

    def record(self, claim: Claim, finished: Sequence[Finished]) -> None:
        """Store finished evaluations in this order, all or none of them, the job's counters and,
        where it changed, its front (ids of evaluations of this job, else ValueError), each with an
        `evaluation` event and a `front` event if changed. A number that is recorded already is
        left as it was first, with everything that came with it. The reference point is kept from
        the first that gives one. Raises LostClaim."""
        ...

    def record_final(
        self,
        claim: Claim,
        final_values: Mapping[str, Mapping[str, Value]],
        *,
        front: Sequence[str],
        hypervolume: float | None,
    ) -> None:
        """Store the re-measured values by evaluation id, the front they make and its hypervolume,
        with a `front` event. Ids may name only evaluations of this job, else ValueError; values
        stored by an earlier call for an id that is not named stay. Raises LostClaim."""
        ...

    def get(self, evaluation_id: str) -> Evaluation:
        """Raises NotFound."""
        ...

    def of_job(self, job_id: str) -> list[Evaluation]:
        """All, by number; empty for a job that does not exist."""
        ...

    def front_of(self, job_id: str) -> list[Evaluation]:
        """The stored front, in no order."""
        ...

    def some(self, ids: Sequence[str]) -> list[Evaluation]:
        """Those with these ids, in that order; ids of none are left out."""
        ...

    def judged(self, supernet: str) -> AbstractContextManager[Judged]:
        """All measured ones of every job, as columns: at least what was recorded when this was
        called, and only what has been. Others wait for the block's end, so it should be short."""
        ...

    def history(self, job_id: str) -> list[tuple[int, int, float | None]]:
        """(evaluations recorded, front size, hypervolume) after each recording, in that order."""
        ...

    def page(
        self, job_id: str, *, size: int, token: str | None = None, order_by: str = "number"
    ) -> Page[Evaluation]:
        """By `number`, or by the best value of a named objective, then number; those without a
        value come last. Raises UnknownName (`/order_by`), and InvalidInput for a bad token."""
        ...
