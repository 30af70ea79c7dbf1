"""In what order those are served for whom there is not enough at once."""

from collections.abc import Iterator
from itertools import count

TURN_SECONDS = 60.0  # for which one that others wait behind is served


class Line:
    """Whoever wants something stands in it. One that has been served for a turn goes to the end, so
    each comes to the front in time, whoever else comes and stays."""

    def __init__(self) -> None:
        self._numbers = count()
        self._places: dict[str, int] = {}
        self._served_since: dict[str, float] = {}

    def __iter__(self) -> Iterator[str]:
        """From the front."""
        return iter(sorted(self._places, key=self._places.__getitem__))

    def stand(self, worker: str, *, served: bool, now: float) -> None:
        """Be in it; at the end, if it was not. `served`: it has some of what it wants, and others
        may have it in its place."""
        self._places.setdefault(worker, next(self._numbers))
        if not served:
            self._served_since.pop(worker, None)
        if served and now - self._served_since.setdefault(worker, now) >= TURN_SECONDS:
            self._places[worker] = next(self._numbers)
            self._served_since[worker] = now

    def leave(self, worker: str) -> None:
        """Want nothing more, or something else."""
        self._places.pop(worker, None)
        self._served_since.pop(worker, None)
