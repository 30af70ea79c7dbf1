"""Evaluations that were read to show them."""

from collections.abc import Callable, Hashable, Sequence

from search_service.domain.evaluation import Evaluation
from search_service.domain.judged.ordered import Rows
from search_service.domain.recent import Recent

_KEPT = 4096  # of those used last; with 128 replicates some 10 KB each
_ROWS = 1 << 40  # more than there are


class Remembered:
    """By row, as they were read, and in each way that they were shown. One that is measured again
    has another row then, so what is here stays true."""

    def __init__(self) -> None:
        self._read: Recent[int, Evaluation] = Recent(_KEPT)
        self._shown: Recent[int, Evaluation] = Recent(_KEPT)  # by row and way
        self._ways: dict[Hashable, int] = {}

    def of(
        self,
        rows: Rows,
        read: Callable[[list[int]], Sequence[Evaluation]],
        show: Callable[[Evaluation], Evaluation],
        *,
        way: Hashable,
    ) -> list[Evaluation]:
        """Those of some rows, in order. `read` gives the ones at some places that are not known,
        and `show` makes of each what it is in this way. The same objects again while they are
        known."""
        number = self._ways.setdefault(way, len(self._ways))

        def shown(places: list[int]) -> list[Evaluation]:
            known = self._read.of(
                rows[places].tolist(), lambda some: read([places[i] for i in some])
            )
            return [show(evaluation) for evaluation in known]

        return self._shown.of((rows + number * _ROWS).tolist(), shown)
