"""Evaluations that were read to show them."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence

from search_service.domain.evaluation import Evaluation

_KEPT = 4096  # those used last; with 128 replicates some 10 KB each


class Remembered:
    """By row, and by how they are shown. One that is measured again has another row then, so what
    is here stays true."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, int], Evaluation] = OrderedDict()
        self._ways: dict[Hashable, int] = {}

    def of(
        self,
        rows: Sequence[int],
        ids: Sequence[str],
        read: Callable[[Sequence[str]], Sequence[Evaluation]],
        *,
        way: Hashable,
    ) -> list[Evaluation]:
        """Those of some rows, in order; `read` gives the ones that are not known, by their ids, as
        they are shown in this way. The same objects again while they are known."""
        number = self._ways.setdefault(way, len(self._ways))  # which is sooner hashed
        keys = [(number, row) for row in rows]
        new = [(key, id_) for key, id_ in zip(keys, ids, strict=True) if key not in self._known]
        if new:
            found = {evaluation.id: evaluation for evaluation in read([id_ for _, id_ in new])}
            self._known |= {key: found[id_] for key, id_ in new}
        for key in keys:
            self._known.move_to_end(key)
        evaluations = [self._known[key] for key in keys]
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return evaluations
