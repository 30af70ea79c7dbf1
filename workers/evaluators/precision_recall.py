"""Improved precision and recall: the fakes among the reals, the reals among the fakes.

Improved Precision and Recall Metric for Assessing Generative Models, Kynkäänniemi et al., 2019,
equations 1 and 2; a feature on the edge of a ball lies within. Both depend on the two counts.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.evaluators.manifold import Manifold, nearest_in_blocks, squared_distances

NEIGHBOURS = 3


def within(features: NDArray[Any], manifold: Manifold) -> NDArray[np.bool_]:
    """Which of the features (n, d) lie in some ball of the manifold, (n,).

    Its mean is the precision of fakes in the reals' manifold, and the recall of reals in the
    fakes'.
    """
    parts = [
        (distances <= manifold.radii).any(axis=1)
        for _, distances in squared_distances(features, manifold.features)
    ]
    return np.concatenate(parts)


def recall_without(
    blocks: Sequence[NDArray[Any]], real: NDArray[Any], neighbours: int = NEIGHBOURS
) -> tuple[float, list[float]]:
    """The recall of reals (m, d) by all the fakes, and by those outside each block in turn.

    Balls grow where a neighbour is left out. Every block must leave more than `neighbours`.
    """
    nearest = nearest_in_blocks(list(blocks), neighbours)  # (n, blocks, neighbours)
    count = len(blocks)
    radii = np.array([_radii(nearest, None)] + [_radii(nearest, i) for i in range(count)])
    block_of = np.repeat(np.arange(count), [len(block) for block in blocks])
    for i in range(count):
        radii[i + 1, block_of == i] = -1.0  # no distance is so small
    found = np.zeros(count + 1)
    for _, distances in squared_distances(real, np.concatenate(blocks)):
        for place in range(count + 1):
            found[place] += (distances <= radii[place]).any(axis=1).sum()
    shares = found / len(real)
    return float(shares[0]), [float(share) for share in shares[1:]]


def _radii(nearest: NDArray[np.float64], without: int | None) -> NDArray[np.float64]:
    kept = [place for place in range(nearest.shape[1]) if place != without]
    neighbours = nearest.shape[2]
    together = nearest[:, kept].reshape(len(nearest), -1)
    radii: NDArray[np.float64] = np.partition(together, neighbours - 1, axis=1)[:, neighbours - 1]
    return radii
