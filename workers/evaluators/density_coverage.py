"""Density and coverage: in how many balls of the reals a fake lies, how many hold a fake.

Reliable Fidelity and Diversity Metrics for Generative Models, Naeem et al., 2020, equations 3 and
4; steadier than precision and recall, as all balls are of reals. A fake on the edge of a ball lies
outside. Density is 1 for fakes drawn as the reals are, and may be above.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.evaluators.manifold import Manifold, squared_distances

NEIGHBOURS = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Overlap:
    """In how many balls each fake lies (n,), and which ball holds fakes of which block
    (balls, blocks)."""

    balls: NDArray[np.int64]
    holds: NDArray[np.bool_]


def features_to_overlap(blocks: list[NDArray[Any]], real: Manifold) -> Overlap:
    """Of blocks of fakes' features (n, d) each."""
    balls, holds = [], np.zeros((len(real.radii), len(blocks)), bool)
    for place, block in enumerate(blocks):
        for _, distances in squared_distances(block, real.features):
            inside = distances < real.radii
            balls.append(inside.sum(axis=1))
            holds[:, place] |= inside.any(axis=0)
    return Overlap(balls=np.concatenate(balls), holds=holds)


def overlap_to_density(balls: NDArray[Any], neighbours: int = NEIGHBOURS) -> float:
    """The mean number of balls around a fake, over `neighbours`."""
    return float(balls.mean() / neighbours)


def overlap_to_coverage(holds: NDArray[np.bool_]) -> float:
    """The share of balls that hold a fake of any of the blocks (balls, blocks)."""
    return float(holds.any(axis=1).mean())
