"""What every architecture of a supernet is judged on: the same latents, or the same images."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from search_service.errors import InvalidInput
from search_service.spaces.anycost import AnycostParameters
from workers.evaluators.latents import LABELS, LATENTS, label_shard, latent_shard
from workers.evaluators.order import ORDER, shard_places
from workers.images import class_shares, from_uint8

SHARES_SPLIT = "train"  # that of the images which generated ones are compared with


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
    """Standard normal latents of one size; with classes, a one-hot row behind each.

    The classes come as often as among the real images, or the distance to those would be that of
    another mixture of them.
    """

    count = None

    def __init__(self, size: int, shares: NDArray[np.float64] | None = None) -> None:
        """`shares` of each class."""
        self._size = size
        self._shares = shares

    @property
    def facts(self) -> Mapping[str, Any]:
        """See Inputs. The shares follow from the reference's data."""
        if self._shares is None:
            return {"latents": LATENTS}
        return {"latents": LATENTS, "labels": LABELS, "classes": len(self._shares)}

    def shard(self, seed: int, index: int) -> Tensor:
        """(SHARD, size), or (SHARD, size + classes)."""
        latents = latent_shard(seed, index, self._size)
        if self._shares is None:
            return latents
        return torch.cat([latents, label_shard(seed, index, self._shares)], 1)


def latent_inputs(parameters: AnycostParameters, dataset: str, data: Path | None) -> LatentInputs:
    """For a generator of this size, whose classes are those of the data set.

    Raises UnknownName for a data set without labels, InvalidFile when it cannot be read, and
    InvalidInput when it has another number of classes.
    """
    if not parameters.classes:
        return LatentInputs(parameters.style_dim)
    shares = class_shares(dataset, data, SHARES_SPLIT)
    if len(shares) != parameters.classes:
        raise InvalidInput(
            f"the generator has {parameters.classes} classes, {dataset} has {len(shares)}",
            pointer="/parameters/classes",
        )
    return LatentInputs(parameters.style_dim, shares)


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
        places = shard_places(self.count, seed, index)
        return from_uint8(torch.from_numpy(self._images[places]))
