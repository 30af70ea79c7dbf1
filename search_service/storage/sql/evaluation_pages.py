"""Pages of a job's evaluations, each found by an index, whatever the order."""

from typing import Any

from sqlalchemy import Connection, RowMapping, Select, and_, func, select, tuple_

from search_service.domain.evaluation import Evaluation
from search_service.domain.objective import objective
from search_service.storage import tokens
from search_service.storage.base import Page
from search_service.storage.sql import rows, tables

_evaluations = tables.evaluations.c
_order = tables.evaluation_order.c


def page(
    connection: Connection, job_id: str, *, size: int, token: str | None, order_by: str
) -> Page[Evaluation]:
    """See `base.Evaluations.page`."""
    if order_by != "number":
        objective(order_by, pointer="/order_by")
    listing = f"evaluations {job_id} {order_by}"
    after = None if token is None else tokens.decode(token, listing, float, int)
    if order_by == "number":
        found = _read(
            connection, by_number(job_id, after=None if after is None else after[1], limit=size + 1)
        )
    else:
        found = []
        if after is None or after[0] is not None:
            statement = by_value_of(order_by, job_id, after=after, limit=size + 1)
            found += _read(connection, statement)
        if len(found) <= size:
            number = after[1] if after is not None and after[0] is None else None
            left = size + 1 - len(found)
            rest = [
                row
                for name in _names_without(connection, job_id, order_by)
                for row in _read(connection, listed(name, job_id, after=number, limit=left))
            ]
            found += sorted(rest, key=lambda row: row["number"])[:left]
    items = tuple(rows.evaluation(row) for row in found[:size])
    if len(found) <= size:
        return Page(items=items, next_token=None)
    last = found[size - 1]
    return Page(items=items, next_token=tokens.encode(listing, last.get("at"), last["number"]))


def by_number(job_id: str, *, after: int | None, limit: int) -> Select[Any]:
    """The evaluations that follow one."""
    statement = select(tables.evaluations).where(_evaluations.job == job_id)
    if after is not None:
        statement = statement.where(_evaluations.number > after)
    return statement.order_by(_evaluations.number).limit(limit)


def by_value_of(
    name: str, job_id: str, *, after: tuple[float, int] | None, limit: int
) -> Select[Any]:
    """Those with a value, from the least, that follow one; the value is the column `at`."""
    statement = (
        select(tables.evaluations, _order.value.label("at"))
        .select_from(_ordered())
        .where(_order.job == job_id, _order.name == name)
    )
    if after is not None:
        statement = statement.where(tuple_(_order.value, _order.number) > after)
    return statement.order_by(_order.value, _order.number).limit(limit)


def listed(name: str, job_id: str, *, after: int | None, limit: int) -> Select[Any]:
    """Those that have the same values, by number, that follow one; see `rows.having`."""
    statement = (
        select(tables.evaluations)
        .select_from(_ordered())
        .where(_order.job == job_id, _order.name == name, _order.value == 0.0)
    )
    if after is not None:
        statement = statement.where(_order.number > after)
    return statement.order_by(_order.number).limit(limit)


def _ordered() -> Any:
    same = and_(_evaluations.job == _order.job, _evaluations.number == _order.number)
    return tables.evaluation_order.join(tables.evaluations, same)


def _names_without(connection: Connection, job_id: str, objective_name: str) -> list[str]:
    """Under which a job's evaluations without a value of this objective are listed; one step of
    the index for each name there is."""
    found: list[str] = []
    last = ""
    first = select(func.min(_order.name)).where(_order.job == job_id)
    while True:
        name = connection.execute(first.where(_order.name > last)).scalar_one()
        if name is None:
            return found
        last = name
        if name.startswith("=") and objective_name not in name[1:].split(","):
            found.append(name)


def _read(connection: Connection, statement: Select[Any]) -> list[RowMapping]:
    return list(connection.execute(statement).mappings())
