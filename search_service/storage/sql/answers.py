"""First answers in a database."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from search_service.storage.base import ANSWERS_KEPT, Answer
from search_service.storage.clock import Clock
from search_service.storage.sql import rows, tables
from search_service.storage.sql.engine import Database, insert_new
from search_service.storage.values import by_value

_answers = tables.answers.c


class SqlAnswers:
    """See `base.Answers`."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def once(self, key: str, create: Callable[[], Answer]) -> tuple[Answer, bool]:
        now = self._clock()
        with self._database.reading() as connection:
            if kept := _find(connection, key, now=now):
                return kept, False  # without waiting for those who write
        with self._database.together() as connection:
            mine, old = _answers.key == key, _answers.given_at < now - ANSWERS_KEPT
            connection.execute(delete(tables.answers).where(mine, old))
            # Nobody sees this row before it is filled in. Who inserts the same key meanwhile waits
            # for the end of this transaction: PostgreSQL at the key, SQLite at its BEGIN.
            if not insert_new(connection, tables.answers, [_claim(key, now=now)]):
                kept = _find(connection, key, now=now)
                assert kept is not None, "a key that is taken has an answer"
                return kept, False
            answer = by_value(create())
            connection.execute(update(tables.answers).where(mine).values(rows.row_of(answer)))
        with self._database.writing() as connection:  # its own: old rows hold nobody up
            connection.execute(delete(tables.answers).where(old))
        return answer, True


def _find(connection: Connection, key: str, *, now: datetime) -> Answer | None:
    fresh = _answers.given_at >= now - ANSWERS_KEPT
    statement = select(tables.answers).where(_answers.key == key, fresh)
    row = connection.execute(statement).mappings().one_or_none()
    return None if row is None else rows.answer(row)


def _claim(key: str, *, now: datetime) -> dict[str, object]:
    blank = Answer(fingerprint="", status=0, headers={}, body=b"")
    return rows.row_of(blank) | {"key": key, "given_at": now}
