"""Children: crossover and mutation of option indices."""

from collections.abc import Sequence

import numpy as np

Indices = tuple[int, ...]  # one per choice


def uniform_crossover(a: Indices, b: Indices, rng: np.random.Generator) -> Indices:
    """Each index from either parent, with equal chance."""
    take_a = rng.random(len(a)) < 0.5
    return tuple(x if first else y for x, y, first in zip(a, b, take_a, strict=True))


def reset_mutation(
    indices: Indices, counts: Sequence[int], probability: float, rng: np.random.Generator
) -> Indices:
    """Each index is drawn anew with this probability; `counts` are the options of each choice."""
    hit = rng.random(len(indices)) < probability
    drawn = rng.integers(counts)
    return tuple(
        int(new) if change else old for old, new, change in zip(indices, drawn, hit, strict=True)
    )


def ordinal_mutation(
    indices: Indices, counts: Sequence[int], probability: float, rng: np.random.Generator
) -> Indices:
    """Each index changes with this probability: half of the times to a neighbour, as options are
    ordered by size, else to any."""
    size = len(indices)
    hit = rng.random(size) < probability
    near = rng.random(size) < 0.5
    steps = np.where(rng.random(size) < 0.5, -1, 1)
    stepped = np.clip(np.add(indices, steps), 0, np.subtract(counts, 1))
    changed = np.where(hit, np.where(near, stepped, rng.integers(counts)), indices)
    return tuple(changed.tolist())
