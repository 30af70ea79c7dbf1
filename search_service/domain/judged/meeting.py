"""Which rows can answer under some bounds, whether few or all of them are asked for."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from search_service.domain.judged.ordered import Rows
from search_service.domain.spec import Constraint, Op

_IN_CACHE = 1 << 15  # rows that are looked at once
_FEW = 1 / 16  # of all rows


class Meeting:
    """Of `eligible` rows (n,) those whose values, a column (n,) for each constraint, meet them."""

    def __init__(
        self,
        eligible: NDArray[np.bool_],
        bounds: Sequence[tuple[NDArray[np.float64], Constraint]],
    ) -> None:
        self._eligible = eligible
        self._bounds = bounds
        self._asked = 0  # rows, so far
        self._mask: NDArray[np.bool_] | None = None  # of all

    def __len__(self) -> int:
        return int(np.count_nonzero(self._of_all()))

    @property
    def asked_for_many(self) -> bool:
        """Whether so many rows were asked for one by one that it is sooner to look at all."""
        return self._asked > _FEW * len(self._eligible)

    @property
    def are_few(self) -> bool:
        """Whether so few rows can answer that it is sooner to take `all`."""
        return len(self) < _FEW * len(self._eligible)

    def among(self, rows: Rows) -> Rows:
        """Those of some rows, in their order."""
        if self._mask is not None:
            return rows[self._mask[rows]]
        self._asked += len(rows)
        rows = rows[self._eligible[rows]]
        for column, constraint in self._bounds:
            rows = rows[meets(column[rows], constraint)]
        return rows

    def all(self) -> Rows:
        """All of them, ascending."""
        return np.flatnonzero(self._of_all())

    def _of_all(self) -> NDArray[np.bool_]:
        if self._mask is None:
            self._mask = self._eligible.copy()
            for start in range(0, len(self._mask), _IN_CACHE):
                part = slice(start, start + _IN_CACHE)
                for column, constraint in self._bounds:
                    self._mask[part] &= meets(column[part], constraint)
        return self._mask


def meets(values: NDArray[np.float64], constraint: Constraint) -> NDArray[np.bool_]:
    """Which of some values do; NaN does not."""
    within: NDArray[np.bool_] = (
        values <= constraint.value if constraint.op is Op.LE else values >= constraint.value
    )
    return within
