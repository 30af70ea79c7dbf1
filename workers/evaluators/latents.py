"""The latents on which every architecture is judged, and their classes: numbered shards, each from
its own seed.

So the first 512 of 2048 latents are the 512 of a smaller run, and no batch size changes them.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from search_service.domain.seed import require_seed

SHARD = 128
LATENTS = f"normal-shards-{SHARD}"  # the name that FID protocols carry
LABELS = f"by-share-shards-{SHARD}"  # likewise, where images have classes
LABEL_STREAM = 1  # of random numbers: not that of the latents


def latent_shard(seed: int, index: int, size: int) -> Tensor:
    """Standard normal latents number 128·index and on, (128, size) float32.

    Raises InvalidInput for a negative seed.
    """
    state = np.random.SeedSequence([require_seed(seed), index]).generate_state(1, np.uint64)[0]
    rng = torch.Generator().manual_seed(int(state >> 1))  # it takes no more than 63 bits
    return torch.randn((SHARD, size), generator=rng)


def label_shard(seed: int, index: int, shares: NDArray[np.float64]) -> Tensor:
    """The classes of those latents, (128, classes) one-hot float32, each drawn by its share.

    Raises InvalidInput for a negative seed.
    """
    rng = np.random.default_rng([require_seed(seed), index, LABEL_STREAM])
    ends = np.cumsum(shares)
    labels = np.searchsorted(ends, rng.random(SHARD) * ends[-1], side="right")
    return torch.eye(len(shares))[torch.from_numpy(labels)]
