"""The contract of answers to requests with an idempotency key."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

ANSWERS_KEPT = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was answered to a request with an idempotency key."""

    fingerprint: str  # of method, path and body
    status: int
    headers: Mapping[str, str]
    body: bytes


class Answers(Protocol):
    """First answers to creating requests, kept for a day."""

    def once(self, key: str, create: Callable[[], Answer]) -> tuple[Answer, bool]:
        """The answer given to this key in the last 24 hours, else that of `create`, which is kept;
        and whether it is new.

        The key, and all that `create` does to this storage in its thread, are one transaction: of
        several calls with one key at once, whatever their processes, one creates and the others
        wait for its answer. An exception of `create` undoes everything and frees the key."""
        ...
