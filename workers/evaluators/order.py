"""The order in which a finite set of inputs is taken: decided by the seed, shard by shard."""

import numpy as np
from numpy.typing import NDArray

from search_service.domain.seed import require_seed
from workers.evaluators.latents import SHARD

ORDER = "permuted-by-seed"  # the name that protocols carry


def shard_places(count: int, seed: int, index: int) -> NDArray[np.int64]:
    """Which of `count` inputs are number SHARD·index and on; less than SHARD at the end.

    Every seed gives each place once. Raises InvalidInput for a negative seed.
    """
    order = np.random.default_rng(require_seed(seed)).permutation(count)
    return order[index * SHARD : (index + 1) * SHARD]
