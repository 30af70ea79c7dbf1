"""Arrays that grow."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)


def with_room(array: NDArray[T], size: int, blank: Any = 0) -> NDArray[T]:
    """The array, or one of at least twice its length that begins with it and goes on blank."""
    if len(array) >= size:
        return array
    larger = np.full(max(size, 2 * len(array)), blank, dtype=array.dtype)
    larger[: len(array)] = array
    return larger
