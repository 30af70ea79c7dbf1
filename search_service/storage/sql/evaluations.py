"""Evaluations in a database."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    tuple_,
    update,
)

from search_service.domain.evaluation import Evaluation, EvaluationState, Value
from search_service.domain.job import Claim
from search_service.domain.objective import objective
from search_service.errors import NotFound
from search_service.storage import changes, tokens
from search_service.storage.base import Page
from search_service.storage.clock import Clock
from search_service.storage.sql import ledger, rows, tables
from search_service.storage.sql.engine import Database
from search_service.storage.values import by_value

_evaluations = tables.evaluations.c


class SqlEvaluations:
    """See `base.Evaluations`."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def record(
        self,
        claim: Claim,
        evaluation: Evaluation,
        *,
        front: Sequence[str] | None,
        hypervolume: float | None,
        reference_point: Mapping[str, float] | None,
    ) -> None:
        evaluation = by_value(evaluation)
        with self._database.writing() as connection:
            row = ledger.claimed(connection, claim)
            if _is_recorded(connection, claim, evaluation.number):
                return
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
            connection.execute(insert(tables.evaluations), rows.row_of(evaluation) | after)
            if front is not None:
                _set_front(connection, claim, front)
            ledger.write(connection, row, change, now=self._clock())

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
            for id_, values in final_values.items():
                stored = {name: asdict(value) for name, value in values.items()}
                connection.execute(
                    update(tables.evaluations)
                    .where(_evaluations.id == id_)
                    .values(final_values=stored)
                )
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

    def of_supernet(self, supernet: str) -> list[Evaluation]:
        measured = and_(
            _evaluations.supernet == supernet, _evaluations.state == EvaluationState.MEASURED
        )
        return self._read(select(tables.evaluations).where(measured).order_by(_evaluations.id))

    def history(self, job_id: str) -> list[tuple[int, int, float | None]]:
        columns = select(_evaluations.recorded, _evaluations.front_size, _evaluations.hypervolume)
        statement = columns.where(_evaluations.job == job_id).order_by(_evaluations.recorded)
        with self._database.reading() as connection:
            return [tuple(row) for row in connection.execute(statement)]

    def page(
        self, job_id: str, *, size: int, token: str | None = None, order_by: str = "number"
    ) -> Page[Evaluation]:
        listing = f"evaluations {job_id} {order_by}"
        value, order = _order(order_by)
        statement = _of_job(job_id).add_columns(value.label("order_value"))
        if token is not None:
            after, number = tokens.decode(token, listing, float, int)
            key = (after is None, after or 0.0, number)[-len(order) :]
            statement = statement.where(tuple_(*order) > tuple_(*map(literal, key)))
        statement = statement.order_by(*order).limit(size + 1)
        with self._database.reading() as connection:
            found = list(connection.execute(statement).mappings())
        items = tuple(rows.evaluation(row) for row in found[:size])
        if len(found) <= size:
            return Page(items=items, next_token=None)
        last = found[size - 1]
        return Page(
            items=items,
            next_token=tokens.encode(listing, last["order_value"], last["number"]),
        )

    def _read(self, statement: Select[Any]) -> list[Evaluation]:
        with self._database.reading() as connection:
            return [rows.evaluation(row) for row in connection.execute(statement).mappings()]


def _of_job(job_id: str) -> Select[Any]:
    return select(tables.evaluations).where(_evaluations.job == job_id)


def _order(order_by: str) -> tuple[ColumnElement[Any], tuple[ColumnElement[Any], ...]]:
    """The value that is ordered by (re-measured where there is one), and the columns of the order:
    rows without a value last, then the value, then the number."""
    if order_by == "number":
        return null(), (_evaluations.number,)
    name = objective(order_by, pointer="/order_by").name
    final, first = _evaluations.final_values, _evaluations["values"]
    value = func.coalesce(final[(name, "value")].as_float(), first[(name, "value")].as_float())
    return value, (value.is_(None), func.coalesce(value, 0.0), _evaluations.number)


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


def _set_front(connection: Connection, claim: Claim, front: Collection[str]) -> None:
    _check_members(connection, claim, front)
    on_front = _evaluations.id.in_(list(front))
    connection.execute(
        update(tables.evaluations)
        .where(_evaluations.job == claim.job.id, or_(_evaluations.on_front, on_front))
        .values(on_front=on_front)
    )
