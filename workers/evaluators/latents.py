"""The latents on which every architecture is judged: numbered shards, each from its own seed.

So the first 512 of 2048 latents are the 512 of a smaller run, and no batch size changes them.
"""

import numpy as np
import torch
from torch import Tensor

from search_service.domain.seed import require_seed

SHARD = 128
LATENTS = f"normal-shards-{SHARD}"  # the name that FID protocols carry


def latent_shard(seed: int, index: int, size: int) -> Tensor:
    """Standard normal latents number 128·index and on, (128, size) float32.

    Raises InvalidInput for a negative seed.
    """
    state = np.random.SeedSequence([require_seed(seed), index]).generate_state(1, np.uint64)[0]
    rng = torch.Generator().manual_seed(int(state >> 1))  # it takes no more than 63 bits
    return torch.randn((SHARD, size), generator=rng)
