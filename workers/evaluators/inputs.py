"""What every architecture of a supernet is judged on: the same latents, or the same images."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from search_service.domain.seed import require_seed
from workers.evaluators.latents import LATENTS, SHARD, latent_shard
from workers.images import from_uint8

ORDER = "permuted-by-seed"


class Inputs(Protocol):
    """Numbered shards of SHARD inputs, the same for equal seeds; a finite set ends with less."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What a protocol says of them."""
        ...

    @property
    def count(self) -> int | None:
        """How many there are; None when they never end."""
        ...

    def shard(self, seed: int, index: int) -> Tensor:
        """Inputs number SHARD·index and on. Raises InvalidInput for a negative seed."""
        ...


class LatentInputs:
    """Standard normal latents of one size."""

    count = None

    def __init__(self, size: int) -> None:
        self._size = size

    @property
    def facts(self) -> Mapping[str, Any]:
        """See Inputs."""
        return {"latents": LATENTS}

    def shard(self, seed: int, index: int) -> Tensor:
        """(SHARD, size)."""
        return latent_shard(seed, index, self._size)


class ImageInputs:
    """All images of a split of a data set, in an order that the seed decides.

    So the first of them are a fair sample of the split, and the whole split is the same set under
    every seed.
    """

    def __init__(self, images: NDArray[np.uint8], *, name: str, digest: str) -> None:
        """`images` (n, c, h, w); `name` is dataset.split, `digest` that of its content."""
        self._images = images
        self._name = name
        self._digest = digest

    @property
    def count(self) -> int:
        """See Inputs."""
        return len(self._images)

    @property
    def facts(self) -> Mapping[str, Any]:
        """See Inputs."""
        return {
            "inputs": self._name,
            "inputs_digest": self._digest,
            "inputs_count": self.count,
            "inputs_order": ORDER,
        }

    def shard(self, seed: int, index: int) -> Tensor:
        """(at most SHARD, c, h, w) in [-1, 1]."""
        order = np.random.default_rng(require_seed(seed)).permutation(self.count)
        places = order[index * SHARD : (index + 1) * SHARD]
        return from_uint8(torch.from_numpy(self._images[places]))
