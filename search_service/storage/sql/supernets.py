"""Supernets in a database."""

from datetime import datetime

from sqlalchemy import or_, select, tuple_, update

from search_service.domain.supernet import Supernet, SupernetStatus
from search_service.errors import NameTaken, NotFound
from search_service.storage import tokens
from search_service.storage.base import Page
from search_service.storage.sql import rows, tables
from search_service.storage.sql.engine import Database, insert_new
from search_service.storage.values import by_value

_supernets = tables.supernets.c


class SqlSupernets:
    """See `base.Supernets`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, supernet: Supernet) -> None:
        row = rows.row_of(by_value(supernet))
        with self._database.writing() as connection:
            if not insert_new(connection, tables.supernets, [row]):
                raise NameTaken(f"a supernet is named {supernet.name!r} already: choose another")

    def get(self, id_or_name: str) -> Supernet:
        by_id = _supernets.id == id_or_name
        statement = select(tables.supernets).where(or_(by_id, _supernets.name == id_or_name))
        found = self._database.rows(statement.order_by(by_id.desc()))
        if not found:
            raise NotFound(f"no supernet {id_or_name!r}")
        return rows.supernet(found[0]._mapping)

    def page(self, *, size: int, token: str | None = None) -> Page[Supernet]:
        age = (_supernets.created_at, _supernets.id)
        statement = select(tables.supernets)
        if token is not None:
            key = tokens.decode(token, "supernets", datetime, str)
            statement = statement.where(tuple_(*age) < key)
        statement = statement.order_by(*(column.desc() for column in age)).limit(size + 1)
        with self._database.reading() as connection:
            found = [rows.supernet(row) for row in connection.execute(statement).mappings()]
        items = tuple(found[:size])
        if len(found) <= size:
            return Page(items=items, next_token=None)
        last = items[-1]
        return Page(
            items=items,
            next_token=tokens.encode("supernets", last.created_at.isoformat(), last.id),
        )

    def pending(self) -> list[Supernet]:
        statement = (
            select(tables.supernets)
            .where(_supernets.status == SupernetStatus.PENDING)
            .order_by(_supernets.created_at, _supernets.id)
        )
        with self._database.reading() as connection:
            return [rows.supernet(row) for row in connection.execute(statement).mappings()]

    def settle(self, supernet: Supernet) -> None:
        row = rows.row_of(by_value(supernet))
        same = _supernets.id == supernet.id
        pending = _supernets.status == SupernetStatus.PENDING
        with self._database.writing() as connection:
            connection.execute(update(tables.supernets).where(same, pending).values(row))
            if connection.execute(select(_supernets.id).where(same)).first() is None:
                raise NotFound(f"no supernet {supernet.id!r}")
