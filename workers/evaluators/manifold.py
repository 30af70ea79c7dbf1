"""The manifold that a set of features spans: a ball around each, up to its k-th nearest neighbour.

Distances are squared throughout: their order is the same. They are computed as |x|² + |y|² - 2xy
in float64, where rounding leaves a little of a distance that is zero; what is below rounding is
zero here, so that equal features are at no distance.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.evaluators.statistics import Float64

ROUNDING = 1e-12  # of |x|² + |y|²: below it a squared distance is zero
ROWS = 512  # of a distance matrix at a time: bounds the memory, not the result


@dataclass(frozen=True, kw_only=True, eq=False)
class Manifold:
    """Features (n, d) and the squared radius (n,) of the ball around each."""

    features: NDArray[Any]
    radii: Float64


def features_to_manifold(features: NDArray[Any], neighbours: int) -> Manifold:
    """Radii to the `neighbours`-th nearest other feature; n must be above it."""
    nearest = nearest_in_blocks([features], neighbours)
    return Manifold(features=features, radii=nearest[:, 0, -1])


def nearest_in_blocks(blocks: list[NDArray[Any]], neighbours: int) -> Float64:
    """The squared distances of every feature to the nearest others of each block, ascending:
    (n, blocks, neighbours), inf where a block holds fewer. A feature is no neighbour of itself."""
    everything = np.concatenate(blocks)
    ends = np.cumsum([0, *map(len, blocks)])
    nearest = np.full((len(everything), len(blocks), neighbours), np.inf)
    for rows, distances in squared_distances(everything, everything):
        own = np.arange(rows.start, rows.stop)
        distances[own - rows.start, own] = np.inf
        for place, (start, end) in enumerate(pairwise(ends)):
            part = distances[:, start:end]
            count = min(neighbours, end - start)
            if count < end - start:
                part = np.partition(part, count - 1, axis=1)[:, :count]
            nearest[rows, place, :count] = np.sort(part, axis=1)
    return nearest


def squared_distances(x: NDArray[Any], y: NDArray[Any]) -> Iterator[tuple[slice, Float64]]:
    """|xᵢ - yⱼ|² of features (n, d) and (m, d): some rows (rows, m) at a time, and which."""
    # Moved to where the features are: far from the origin the products would lose digits.
    centre = y.mean(axis=0, dtype=np.float64)
    x, y = x.astype(np.float64) - centre, y.astype(np.float64) - centre
    lengths = np.einsum("nd,nd->n", y, y)
    for start in range(0, len(x), ROWS):
        rows = slice(start, min(start + ROWS, len(x)))
        sums = np.einsum("nd,nd->n", x[rows], x[rows])[:, None] + lengths
        distances = sums - 2.0 * (x[rows] @ y.T)
        distances[distances <= ROUNDING * sums] = 0.0
        yield rows, distances
