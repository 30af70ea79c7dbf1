"""Choosing points that are spread along a front."""

import numpy as np
from numpy.typing import NDArray


def spread(points: NDArray[np.float64], count: int) -> list[int]:
    """Indices, ascending, of at most `count` of the (n, 2) points, both ends among them.

    One after the other, each the farthest from those already taken; axes are scaled to [0, 1].
    """
    total = len(points)
    if total <= count:
        return list(range(total))
    extent = points.max(axis=0) - points.min(axis=0)
    scaled = (points - points.min(axis=0)) / np.where(extent > 0, extent, 1.0)
    taken = [0, total - 1][:count]
    while len(taken) < count:
        distances = np.linalg.norm(scaled[:, None] - scaled[None, taken], axis=2).min(axis=1)
        taken.append(int(distances.argmax()))
    return sorted(taken)
