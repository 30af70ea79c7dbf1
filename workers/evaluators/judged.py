"""What is known of one architecture's images under one seed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """Rows of whole shards, in order, by what they are; images, for objectives still to come."""

    rows: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    pixels: tuple[NDArray[np.uint8], ...] = ()  # the first shards, as many as are worth keeping
    shown: NDArray[np.uint8]  # the first few images, (n, c, h, w)

    @property
    def nbytes(self) -> int:
        """The memory it takes."""
        arrays = [*self.rows.values(), *self.pixels, self.shown]
        return sum(array.nbytes for array in arrays)
