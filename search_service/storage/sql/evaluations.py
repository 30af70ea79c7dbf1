"""Evaluations in a database."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, insert, or_, select, tuple_, update

from search_service.domain.evaluation import Evaluation, EvaluationState, Value
from search_service.domain.job import Claim, Job
from search_service.domain.judged import Judged
from search_service.errors import NotFound
from search_service.storage import changes
from search_service.storage.base import Page
from search_service.storage.clock import Clock
from search_service.storage.sql import evaluation_pages, ledger, rows, tables
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

    def record(
        self,
        claim: Claim,
        evaluation: Evaluation,
        *,
        front: Sequence[str] | None,
        hypervolume: float | None,
        reference_point: Mapping[str, float] | None,
    ) -> None:
        now = self._clock()
        job = self._recording.record(
            claim,
            evaluation,
            front=front,
            hypervolume=hypervolume,
            reference_point=reference_point,
            now=now,
        )
        if job is None:
            job = self._record_anyhow(
                claim,
                evaluation,
                front=front,
                hypervolume=hypervolume,
                reference_point=reference_point,
                now=now,
            )
        if job is not None and job.evaluations % MOVED_AFTER == 0:
            self.judged_rows.move_tail(evaluation.supernet)

    def _record_anyhow(
        self,
        claim: Claim,
        evaluation: Evaluation,
        *,
        front: Sequence[str] | None,
        hypervolume: float | None,
        reference_point: Mapping[str, float] | None,
        now: datetime,
    ) -> Job | None:
        """Whatever the job's row is; None if the evaluation is recorded."""
        evaluation = by_value(evaluation)
        with self._database.writing() as connection:
            row = ledger.claimed(connection, claim)
            if _is_recorded(connection, claim, evaluation.number):
                return None
            change = by_value(
                changes.recorded(
                    rows.job(row),
                    evaluation,
                    front=front,
                    hypervolume=hypervolume,
                    reference_point=reference_point,
                )
            )
            after = {
                "on_front": False,
                "recorded": change.job.evaluations,
                "front_size": change.job.front_size,
                "hypervolume": change.job.hypervolume,
            }
            connection.execute(insert(tables.evaluations), rows.evaluation_row(evaluation) | after)
            order = rows.order_rows(evaluation.job, evaluation.number, evaluation.best_values)
            connection.execute(insert(tables.evaluation_order), order)
            if evaluation.state is EvaluationState.MEASURED:
                connection.execute(insert(tables.judged_tail), tail_row(evaluation))
            if front is not None:
                _set_front(connection, claim, front)
            ledger.write(connection, row, change, now=now)
        if self._database.has_single_statements:
            known = Known(
                job=change.job,
                fence=claim.fence,
                last_event=row["last_event"] + len(change.told),
                front=None if front is None else frozenset(front),
            )
            self._recording.know(known)
        return change.job

    def record_final(
        self,
        claim: Claim,
        final_values: Mapping[str, Mapping[str, Value]],
        *,
        front: Sequence[str],
        hypervolume: float | None,
    ) -> None:
        final_values = by_value(final_values)
        with self._database.writing() as connection:
            row = ledger.claimed(connection, claim)
            change = changes.remeasured(rows.job(row), front=front, hypervolume=hypervolume)
            _check_members(connection, claim, final_values)
            remeasured = select(tables.evaluations).where(_evaluations.id.in_(list(final_values)))
            for found in connection.execute(remeasured).mappings().all():
                before = rows.evaluation(found)
                after = replace(before, final_values=final_values[before.id])
                _set_final(connection, before, after)
            _set_front(connection, claim, front)
            ledger.write(connection, row, by_value(change), now=self._clock())

    def get(self, evaluation_id: str) -> Evaluation:
        found = self._read(select(tables.evaluations).where(_evaluations.id == evaluation_id))
        if not found:
            raise NotFound(f"no evaluation {evaluation_id!r}")
        return found[0]

    def of_job(self, job_id: str) -> list[Evaluation]:
        return self._read(_of_job(job_id).order_by(_evaluations.number))

    def front_of(self, job_id: str) -> list[Evaluation]:
        return self._read(_of_job(job_id).where(_evaluations.on_front))

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
        with self._database.reading() as connection:
            return [rows.evaluation(row) for row in connection.execute(statement).mappings()]


def _of_job(job_id: str) -> Select[Any]:
    return select(tables.evaluations).where(_evaluations.job == job_id)


def _is_recorded(connection: Connection, claim: Claim, number: int) -> bool:
    same = and_(_evaluations.job == claim.job.id, _evaluations.number == number)
    return connection.execute(select(_evaluations.id).where(same)).first() is not None


def _check_members(connection: Connection, claim: Claim, ids: Collection[str]) -> None:
    members = select(_evaluations.id).where(
        _evaluations.job == claim.job.id, _evaluations.id.in_(list(ids))
    )
    unknown = set(ids) - set(connection.execute(members).scalars())
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
    _check_members(connection, claim, front)
    on_front = _evaluations.id.in_(list(front))
    connection.execute(
        update(tables.evaluations)
        .where(_evaluations.job == claim.job.id, or_(_evaluations.on_front, on_front))
        .values(on_front=on_front)
    )
