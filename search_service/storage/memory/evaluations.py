"""Evaluations in memory."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from search_service.domain.evaluation import Evaluation, EvaluationState, Finished, Value
from search_service.domain.job import Claim
from search_service.domain.judged import Block, Judged
from search_service.domain.objective import objective
from search_service.errors import NotFound
from search_service.storage import changes, tokens
from search_service.storage.base import Page
from search_service.storage.memory.tables import JobRecord, Tables
from search_service.storage.values import by_value


class MemoryEvaluations:
    """See `base.Evaluations`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def record(self, claim: Claim, finished: Sequence[Finished]) -> None:
        finished = [by_value(each) for each in finished]
        with self._tables.lock:
            record = self._tables.claimed(claim)
            new = changes.unrecorded(finished, record.evaluations)
            known = {e.id for e in record.evaluations.values()}
            for each in new:
                known.add(each.evaluation.id)
                _check_members(record, each.front or (), known=known)
            for each in new:
                record.apply(changes.recorded(record.job, each), now=self._tables.clock())
                record.evaluations[each.evaluation.number] = each.evaluation
                if each.front is not None:
                    record.front = set(each.front)
                job = record.job
                record.history.append((job.evaluations, job.front_size, job.hypervolume))

    def record_final(
        self,
        claim: Claim,
        final_values: Mapping[str, Mapping[str, Value]],
        *,
        front: Sequence[str],
        hypervolume: float | None,
    ) -> None:
        final_values = by_value(final_values)
        with self._tables.lock:
            record = self._tables.claimed(claim)
            known = {e.id for e in record.evaluations.values()}
            _check_members(record, [*front, *final_values], known=known)
            change = changes.remeasured(record.job, front=front, hypervolume=hypervolume)
            record.apply(by_value(change), now=self._tables.clock())
            record.front = set(front)
            for number, evaluation in record.evaluations.items():
                if evaluation.id in final_values:
                    record.evaluations[number] = replace(
                        evaluation, final_values=final_values[evaluation.id]
                    )

    def get(self, evaluation_id: str) -> Evaluation:
        with self._tables.lock:
            for record in self._tables.jobs.values():
                for evaluation in record.evaluations.values():
                    if evaluation.id == evaluation_id:
                        return by_value(evaluation)
        raise NotFound(f"no evaluation {evaluation_id!r}")

    def of_job(self, job_id: str) -> list[Evaluation]:
        with self._tables.lock:
            if job_id not in self._tables.jobs:
                return []
            numbered = self._tables.jobs[job_id].evaluations
            return [by_value(numbered[number]) for number in sorted(numbered)]

    def front_of(self, job_id: str) -> list[Evaluation]:
        with self._tables.lock:
            if job_id not in self._tables.jobs:
                return []
            record = self._tables.jobs[job_id]
            return [by_value(e) for e in record.evaluations.values() if e.id in record.front]

    def some(self, ids: Sequence[str]) -> list[Evaluation]:
        with self._tables.lock:
            known = {
                evaluation.id: evaluation
                for record in self._tables.jobs.values()
                for evaluation in record.evaluations.values()
            }
            return [by_value(known[id_]) for id_ in ids if id_ in known]

    @contextmanager
    def judged(self, supernet: str) -> Iterator[Judged]:
        with self._tables.lock:
            found = [
                evaluation
                for record in self._tables.jobs.values()
                for evaluation in record.evaluations.values()
                if evaluation.supernet == supernet and evaluation.state is EvaluationState.MEASURED
            ]
        judged = Judged()
        if found:
            judged.append(Block.of(found))
        yield judged

    def history(self, job_id: str) -> list[tuple[int, int, float | None]]:
        with self._tables.lock:
            return list(self._tables.jobs[job_id].history) if job_id in self._tables.jobs else []

    def page(
        self, job_id: str, *, size: int, token: str | None = None, order_by: str = "number"
    ) -> Page[Evaluation]:
        if order_by != "number":
            objective(order_by, pointer="/order_by")
        listing = f"evaluations {job_id} {order_by}"
        after = tokens.decode(token, listing, float, int) if token is not None else None
        found = sorted(self.of_job(job_id), key=lambda e: _rank(e, order_by))
        if after is not None:
            value, number = after
            found = [e for e in found if _rank(e, order_by) > (value is None, value or 0.0, number)]
        items = tuple(found[:size])
        if len(found) <= size:
            return Page(items=items, next_token=None)
        last = items[-1]
        return Page(
            items=items,
            next_token=tokens.encode(listing, _value(last, order_by), last.number),
        )


def _check_members(record: JobRecord, ids: Collection[str], *, known: Collection[str]) -> None:
    for id_ in sorted(ids):  # the first to be named is the same in every store
        if id_ not in known:
            raise ValueError(f"{id_!r} is no evaluation of {record.job.id}")


def _value(evaluation: Evaluation, order_by: str) -> float | None:
    """None for the order by number, which needs no value."""
    value = evaluation.best_values.get(order_by)
    return None if value is None else float(value.value)


def _rank(evaluation: Evaluation, order_by: str) -> tuple[bool, float, int]:
    value = _value(evaluation, order_by)
    return (value is None, value or 0.0, evaluation.number)
