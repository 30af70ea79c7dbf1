"""First answers in a database."""

from sqlalchemy import delete, select

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

    def find(self, key: str) -> Answer | None:
        fresh = _answers.given_at >= self._clock() - ANSWERS_KEPT
        statement = select(tables.answers).where(_answers.key == key, fresh)
        with self._database.reading() as connection:
            row = connection.execute(statement).mappings().one_or_none()
        return None if row is None else rows.answer(row)

    def keep(self, key: str, answer: Answer) -> Answer:
        now = self._clock()
        row = rows.row_of(by_value(answer)) | {"key": key, "given_at": now}
        stored = select(tables.answers).where(_answers.key == key)
        with self._database.writing() as connection:
            connection.execute(delete(tables.answers).where(_answers.given_at < now - ANSWERS_KEPT))
            insert_new(connection, tables.answers, row)
            return rows.answer(connection.execute(stored).mappings().one())
