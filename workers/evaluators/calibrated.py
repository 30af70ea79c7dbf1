"""A SPADE supernet as it is judged: it takes label maps, and before an architecture runs, its batch
norms are measured anew on maps of the training split."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, overload

import torch
from torch import Tensor

from search_service.domain.space import Architecture
from workers.evaluators.latents import SHARD
from workers.evaluators.map_inputs import MapInputs
from workers.evaluators.placement import CPU
from workers.images.one_hot import one_hot
from workers.supernets.gan_compression.spade import SpadeSupernet
from workers.supernets.gan_compression.spade_calibration import calibrated
from workers.supernets.gan_compression.spade_generator import SpadeGenerator

MAPS = 2 * SHARD  # of the training split, or all of it where that is less
SEED = 0  # of the order in which they are taken: the same for every architecture
BATCH_SIZE = 16  # maps that are expanded at once: bounds the memory
KEPT = 2  # subnets: the one that is judged, and the teacher


def calibration_maps(training: MapInputs) -> Tensor:
    """Those of the training split that statistics are measured on, uint8 (n, 1 or 2, h, w)."""
    return torch.cat([training.shard(SEED, index) for index in range(MAPS // SHARD)])


class CalibratedSupernet:
    """See Generator. The statistics are averages over a fixed list of maps."""

    def __init__(
        self, supernet: SpadeSupernet, training: MapInputs, *, placement: torch.device = CPU
    ) -> None:
        """`placement`: where the supernet is."""
        self._supernet = supernet
        maps = calibration_maps(training).to(placement)
        self._batches = MapBatches(maps, supernet.input_channels)
        self._subnets: OrderedDict[Architecture, SpadeGenerator] = OrderedDict()
        self.facts: Mapping[str, Any] = {
            "calibration": "averaged",
            "calibration_maps": f"{training.name}, first {len(maps)} by seed {SEED}",
            "calibration_digest": training.digest,
            "calibration_batch": BATCH_SIZE,
        }

    def __call__(self, maps: Tensor, architecture: Architecture) -> Tensor:
        """Maps uint8 (n, 1 or 2, h, w) as `one_hot` takes them to images (n, c, h, w)."""
        subnet = self._subnet(architecture)
        return torch.cat(
            [subnet(batch) for batch in MapBatches(maps, self._supernet.input_channels)]
        )

    def _subnet(self, architecture: Architecture) -> SpadeGenerator:
        if architecture not in self._subnets:
            self._subnets[architecture] = calibrated(self._supernet, architecture, self._batches)
            if len(self._subnets) > KEPT:
                self._subnets.popitem(last=False)
        self._subnets.move_to_end(architecture)
        return self._subnets[architecture]


class MapBatches(Sequence[Tensor]):
    """Maps by batches, expanded when they are asked for: they are large."""

    def __init__(self, maps: Tensor, channels: int) -> None:
        self._parts = torch.split(maps, BATCH_SIZE)
        self._channels = channels

    def __len__(self) -> int:
        return len(self._parts)

    @overload
    def __getitem__(self, place: int) -> Tensor: ...

    @overload
    def __getitem__(self, place: slice) -> list[Tensor]: ...

    def __getitem__(self, place: int | slice) -> Tensor | list[Tensor]:
        if isinstance(place, slice):
            return [one_hot(part, self._channels) for part in self._parts[place]]
        return one_hot(self._parts[place], self._channels)
