"""First answers in memory."""

from search_service.storage.base import ANSWERS_KEPT, Answer
from search_service.storage.memory.tables import Tables
from search_service.storage.values import by_value


class MemoryAnswers:
    """See `base.Answers`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def find(self, key: str) -> Answer | None:
        with self._tables.lock:
            self._drop_old()
            return by_value(self._tables.answers[key][1]) if key in self._tables.answers else None

    def keep(self, key: str, answer: Answer) -> Answer:
        answer = by_value(answer)
        with self._tables.lock:
            self._drop_old()
            given = (self._tables.clock(), answer)
            return by_value(self._tables.answers.setdefault(key, given)[1])

    def _drop_old(self) -> None:
        oldest = self._tables.clock() - ANSWERS_KEPT
        answers = self._tables.answers
        self._tables.answers = {k: (at, a) for k, (at, a) in answers.items() if at >= oldest}
