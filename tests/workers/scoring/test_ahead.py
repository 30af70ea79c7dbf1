import threading
from collections.abc import Iterator

import pytest

from workers.scoring.ahead import ahead


def test_the_same_items_come_in_the_same_order() -> None:
    assert list(ahead(iter(range(50)))) == list(range(50))
    assert list(ahead(iter([None, 0, ""]))) == [None, 0, ""]


def test_the_next_is_made_while_the_last_is_used() -> None:
    made = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        made.set()
        yield 2

    for item in ahead(items()):
        if item == 1:
            assert made.wait(10)


def test_no_more_than_depth_is_made_beforehand() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for item in range(20):
            made.append(item)
            yield item

    for item in ahead(items(), depth=1):
        assert len(made) <= item + 4  # used, in the queue, and in the producer's hands


def test_an_error_is_raised_where_it_would_have_been() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    found = ahead(items())
    assert next(found) == 1
    with pytest.raises(ValueError, match="no more"):
        next(found)


def test_a_consumer_that_stops_early_stops_the_producer() -> None:
    before = threading.active_count()

    def items() -> Iterator[int]:
        while True:
            yield 1

    found = ahead(items())
    next(found)
    found.close()  # type: ignore[attr-defined]  # a generator
    assert threading.active_count() == before
