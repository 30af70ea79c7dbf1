"""The contract of answers: the first to a key, for a day."""

from collections.abc import Callable

from search_service.storage.base import Answer, Storage

FIRST = Answer(fingerprint="f", status=201, headers={"location": "/v1/jobs/x"}, body=b"\x00\xff")
SECOND = Answer(fingerprint="g", status=422, headers={}, body=b"")


def test_the_first_answer_is_kept(storage: Storage) -> None:
    assert storage.answers.find("k") is None
    assert storage.answers.keep("k", FIRST) == FIRST
    assert storage.answers.keep("k", SECOND) == FIRST
    assert storage.answers.find("k") == FIRST
    assert storage.answers.find("other") is None


def test_an_answer_is_forgotten_after_a_day(
    storage: Storage, advance: Callable[[float], None]
) -> None:
    storage.answers.keep("k", FIRST)
    advance(24 * 3600)
    assert storage.answers.find("k") == FIRST
    advance(1)
    assert storage.answers.find("k") is None
    assert storage.answers.keep("k", SECOND) == SECOND


def test_the_store_answers(storage: Storage) -> None:
    storage.ping()
