"""Where the time goes: wall seconds by part."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """`with clock("extract"): …` adds to `clock.seconds["extract"]`."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        """Time what is inside; an error in there counts nothing."""
        start = time.perf_counter()
        yield
        self.seconds[part] = self.seconds.get(part, 0.0) + time.perf_counter() - start
