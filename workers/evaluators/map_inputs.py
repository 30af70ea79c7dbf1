"""Label maps as inputs: as they are stored, expanded to a channel per class only where they run."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workers.evaluators.order import ORDER, shard_places


class MapInputs:
    """All maps of a split of a data set, in an order that the seed decides. See Inputs."""

    def __init__(self, maps: NDArray[np.uint8], *, name: str, digest: str) -> None:
        """`maps` (n, 1 or 2, h, w); `name` is dataset.split, `digest` that of its content."""
        self._maps = maps
        self.name = name
        self.digest = digest

    @property
    def count(self) -> int:
        """See Inputs."""
        return len(self._maps)

    @property
    def facts(self) -> Mapping[str, Any]:
        """See Inputs."""
        return {
            "inputs": self.name,
            "inputs_digest": self.digest,
            "inputs_count": self.count,
            "inputs_order": ORDER,
        }

    def shard(self, seed: int, index: int) -> Tensor:
        """uint8 (at most SHARD, 1 or 2, h, w)."""
        return torch.from_numpy(self._maps[shard_places(self.count, seed, index)])
