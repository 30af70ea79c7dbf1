"""The kernel distance of two sets of features: an unbiased estimate of MMD² with a cubic kernel.

k(x, y) = (x·y/d + 1)³; mean k within the reals plus mean k within the fakes, a pair of one vector
with itself left out of both, minus twice the mean k across (Demystifying MMD GANs, Bińkowski et
al., 2018, section 4). Being unbiased it may come out below zero. The sum within the reals is
computed once for a reference.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.evaluators.statistics import Float64

DEGREE = 3
KERNEL = f"(x·y/d+1)^{DEGREE}"  # the name that protocols carry
ROWS = 1024  # of a kernel matrix at a time: bounds the memory, hardly the result


@dataclass(frozen=True, kw_only=True, eq=False)
class KernelReference:
    """The reals' side: features (n, d), n at least 2."""

    features: NDArray[Any]

    @cached_property
    def within(self) -> float:
        """Mean k over pairs of different reals."""
        count = len(self.features)
        total = kernel_sum(self.features, self.features) - diagonal_sum(self.features)
        return total / (count * (count - 1))


@dataclass(frozen=True, kw_only=True, eq=False)
class KernelSums:
    """What the distance needs of the fakes, block by block, so that any blocks may be left out."""

    counts: NDArray[np.int64]  # (blocks,)
    within: Float64  # (blocks, blocks), over pairs of different fakes, one of each block
    across: Float64  # (blocks,), over pairs of a fake and a real


def features_to_sums(blocks: Sequence[NDArray[Any]], reference: KernelReference) -> KernelSums:
    """Of blocks of features (n, d) each."""
    size = len(blocks)
    within = np.zeros((size, size))
    for i, block in enumerate(blocks):
        for j in range(i):
            within[i, j] = within[j, i] = kernel_sum(block, blocks[j])
        within[i, i] = kernel_sum(block, block) - diagonal_sum(block)
    return KernelSums(
        counts=np.array([len(block) for block in blocks]),
        within=within,
        across=np.array([kernel_sum(block, reference.features) for block in blocks]),
    )


def sums_to_distance(
    sums: KernelSums, reference: KernelReference, without: int | None = None
) -> float:
    """The distance of all fakes, or of those outside one block; at least 2 must be left."""
    kept = np.ones(len(sums.counts), bool)
    if without is not None:
        kept[without] = False
    count = int(sums.counts[kept].sum())
    within = sums.within[np.ix_(kept, kept)].sum() / (count * (count - 1))
    across = sums.across[kept].sum() / (count * len(reference.features))
    return float(reference.within + within - 2.0 * across)


def kernel_sum(x: NDArray[Any], y: NDArray[Any]) -> float:
    """Σᵢⱼ k(xᵢ, yⱼ) of features (n, d) and (m, d), in float64."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    parts = (x[start : start + ROWS] @ y.T for start in range(0, len(x), ROWS))
    return float(sum(_kernel(part, x.shape[1]).sum() for part in parts))


def diagonal_sum(x: NDArray[Any]) -> float:
    """Σᵢ k(xᵢ, xᵢ) of features (n, d)."""
    x = x.astype(np.float64)
    return float(_kernel(np.einsum("nd,nd->n", x, x), x.shape[1]).sum())


def _kernel(products: Float64, size: int) -> Float64:
    base = products / size + 1.0
    powered: Float64 = base**DEGREE
    return powered
