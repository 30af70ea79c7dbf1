"""First answers in memory."""

from collections.abc import Callable

from search_service.storage.base import ANSWERS_KEPT, Answer
from search_service.storage.memory.tables import Tables
from search_service.storage.values import by_value


class MemoryAnswers:
    """See `base.Answers`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def once(self, key: str, create: Callable[[], Answer]) -> tuple[Answer, bool]:
        with self._tables.together():
            self._drop_old()
            if key in self._tables.answers:
                return by_value(self._tables.answers[key][1]), False
            answer = by_value(create())
            self._tables.answers[key] = (self._tables.clock(), answer)
            return by_value(answer), True

    def _drop_old(self) -> None:
        oldest = self._tables.clock() - ANSWERS_KEPT
        answers = self._tables.answers
        self._tables.answers = {k: (at, a) for k, (at, a) in answers.items() if at >= oldest}
