"""Making the next while the last is being used: a producer in a thread of its own.

Torch lets go of Python's lock in its operations, so on two cores making images and looking at them
take the time of the longer of the two.
"""

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
DEPTH = 2  # made and not yet used: bounds the memory


def ahead(items: Iterable[T], depth: int = DEPTH) -> Iterator[T]:
    """The same items in the same order; an error of the producer is raised where it would have
    been. A consumer that stops early stops the producer."""
    made: queue.Queue[tuple[bool, T | BaseException | None]] = queue.Queue(depth)
    stopped = threading.Event()

    def put(entry: tuple[bool, T | BaseException | None]) -> bool:
        while not stopped.is_set():
            try:
                made.put(entry, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def produce() -> None:
        try:
            for item in items:
                if not put((True, item)):
                    return
        except BaseException as error:
            put((False, error))
        else:
            put((False, None))

    thread = threading.Thread(target=produce, name="ahead", daemon=True)
    thread.start()
    try:
        while True:
            more, item = made.get()
            if more:
                yield item  # type: ignore[misc]  # an item, as `more` says
            elif item is None:
                return
            else:
                assert isinstance(item, BaseException)
                raise item
    finally:
        stopped.set()
        thread.join()
