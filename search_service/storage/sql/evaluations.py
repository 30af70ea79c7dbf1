"""Evaluations in a database."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, insert, or_, select, tuple_, update

from search_service.domain.evaluation import Evaluation, EvaluationState, Finished, Value
from search_service.domain.job import Claim, Job
from search_service.domain.judged import Judged
from search_service.errors import NotFound
from search_service.storage import changes
from search_service.storage.base import Page
from search_service.storage.clock import Clock
from search_service.storage.sql import evaluation_pages, ledger, rows, tables
from search_service.storage.sql.batch import Batch
from search_service.storage.sql.engine import Database, insert_into
from search_service.storage.sql.judged import MOVED_AFTER, JudgedRows, tail_row
from search_service.storage.sql.recording import Known, Recording
from search_service.storage.values import by_value

_evaluations = tables.evaluations.c
_order = tables.evaluation_order.c


class SqlEvaluations:
    """See `base.Evaluations`."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.judged_rows = JudgedRows(database)
        self._recording = Recording(database)

    def record(self, claim: Claim, finished: Sequence[Finished]) -> None:
        now = self._clock()
        job = self._recording.record(claim, finished, now=now)
        if job is None:
            job = self._record_anyhow(claim, finished, now=now)
        if job is not None and job.evaluations % MOVED_AFTER < len(finished):
            self.judged_rows.move_tail(finished[0].evaluation.supernet)

    def _record_anyhow(
        self, claim: Claim, finished: Sequence[Finished], *, now: datetime
    ) -> Job | None:
        """Whatever the job's row is; None if all of them are recorded."""
        finished = [by_value(each) for each in finished]
        with self._database.writing() as connection:
            row = ledger.claimed(connection, claim)
            new = changes.unrecorded(finished, _recorded(connection, claim, finished))
            if not new:
                return None
            batch = Batch.of(rows.job(row), new)
            _check_members(connection, claim, batch.named_before())
            connection.execute(insert(tables.evaluations), batch.evaluation_rows())
            connection.execute(insert(tables.evaluation_order), batch.order_rows())
            if tail := batch.tail_rows():
                connection.execute(insert(tables.judged_tail), tail)
            if batch.front is not None:
                _set_front(connection, claim, batch.front)
            ledger.write(connection, row, by_value(batch.change), now=now)
        if self._database.has_single_statements:
            known = Known(
                job=batch.job,
                fence=claim.fence,
                last_event=row["last_event"] + len(batch.told),
                front=batch.front,
            )
            self._recording.know(known)
        return batch.job

    def record_final(
        self,
        claim: Claim,
        final_values: Mapping[str, Mapping[str, Value]],
        *,
        front: Sequence[str],
        hypervolume: float | None,
    ) -> None:
        final_values = by_value(final_values)
        now = self._clock()
        with self._database.writing() as connection:
            row = ledger.claimed(connection, claim)
            change = changes.remeasured(rows.job(row), front=front, hypervolume=hypervolume)
            _check_members(connection, claim, {*front, *final_values})
            remeasured = select(tables.evaluations).where(_evaluations.id.in_(list(final_values)))
            for found in connection.execute(remeasured).mappings().all():
                before = rows.evaluation(found)
                after = replace(before, final_values=final_values[before.id])
                _set_final(connection, before, after)
            _set_front(connection, claim, front)
            ledger.write(connection, row, by_value(change), now=now)

    def get(self, evaluation_id: str) -> Evaluation:
        found = self._read(select(tables.evaluations).where(_evaluations.id == evaluation_id))
        if not found:
            raise NotFound(f"no evaluation {evaluation_id!r}")
        return found[0]

    def of_job(self, job_id: str) -> list[Evaluation]:
        return self._read(_of_job(job_id).order_by(_evaluations.number))

    def front_of(self, job_id: str) -> list[Evaluation]:
        return self._read(front_of(job_id))

    def some(self, ids: Sequence[str]) -> list[Evaluation]:
        chosen = _evaluations.id.in_(list(ids))
        known = {e.id: e for e in self._read(select(tables.evaluations).where(chosen))}
        return [known[id_] for id_ in ids if id_ in known]

    def judged(self, supernet: str) -> AbstractContextManager[Judged]:
        return self.judged_rows.of(supernet)

    def history(self, job_id: str) -> list[tuple[int, int, float | None]]:
        columns = select(_evaluations.recorded, _evaluations.front_size, _evaluations.hypervolume)
        statement = columns.where(_evaluations.job == job_id).order_by(_evaluations.recorded)
        with self._database.reading() as connection:
            return [tuple(row) for row in connection.execute(statement)]

    def page(
        self, job_id: str, *, size: int, token: str | None = None, order_by: str = "number"
    ) -> Page[Evaluation]:
        with self._database.reading() as connection:
            return evaluation_pages.page(
                connection, job_id, size=size, token=token, order_by=order_by
            )

    def _read(self, statement: Select[Any]) -> list[Evaluation]:
        return [rows.evaluation(row._mapping) for row in self._database.rows(statement)]


def front_of(job_id: str) -> Select[Any]:
    """The evaluations on a job's front."""
    return _of_job(job_id).where(_evaluations.on_front)


def _of_job(job_id: str) -> Select[Any]:
    return select(tables.evaluations).where(_evaluations.job == job_id)


def _recorded(connection: Connection, claim: Claim, some: Sequence[Finished]) -> set[int]:
    """Which of their numbers are."""
    numbers = [each.evaluation.number for each in some]
    same = and_(_evaluations.job == claim.job.id, _evaluations.number.in_(numbers))
    return set(connection.execute(select(_evaluations.number).where(same)).scalars())


def _check_members(connection: Connection, claim: Claim, ids: Collection[str]) -> None:
    members = select(_evaluations.id).where(
        _evaluations.job == claim.job.id, _evaluations.id.in_(list(ids))
    )
    unknown = set(ids) - set(connection.execute(members).scalars()) if ids else set[str]()
    for id_ in sorted(unknown):
        raise ValueError(f"{id_!r} is no evaluation of {claim.job.id}")


def _set_final(connection: Connection, before: Evaluation, after: Evaluation) -> None:
    stored = rows.stored_values(after.final_values)
    mine = update(tables.evaluations).where(_evaluations.id == after.id)
    connection.execute(mine.values(final_values=stored))
    was = rows.order_rows(before.job, before.number, before.best_values)
    same = tuple_(_order.job, _order.name, _order.value, _order.number)
    keys = [tuple(row.values()) for row in was]
    connection.execute(delete(tables.evaluation_order).where(same.in_(keys)))
    order = rows.order_rows(after.job, after.number, after.best_values)
    connection.execute(insert(tables.evaluation_order), order)
    if after.state is EvaluationState.MEASURED:
        upsert = insert_into(connection, tables.judged_tail).values(tail_row(after))
        newer = {"block": upsert.excluded.block}
        connection.execute(upsert.on_conflict_do_update(index_elements=["evaluation"], set_=newer))


def _set_front(connection: Connection, claim: Claim, front: Collection[str]) -> None:
    on_front = _evaluations.id.in_(list(front))
    connection.execute(
        update(tables.evaluations)
        .where(_evaluations.job == claim.job.id, or_(_evaluations.on_front, on_front))
        .values(on_front=on_front)
    )
