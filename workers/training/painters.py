"""Who learns to paint label maps: a teacher, a supernet by its subnets, one subnet.

What is kept and shown of each is a copy as it is used: the teacher's without spectral norms, a
student's with running statistics measured on a fixed list of maps.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import Protocol

from torch import Tensor

from search_service.domain.space import Architecture, largest, smallest
from workers.layers.spectral import without_spectral_norm
from workers.supernets.gan_compression.spade import SpadeSupernet
from workers.supernets.gan_compression.spade_calibration import averaged_statistics, calibrated
from workers.supernets.gan_compression.spade_generator import SpadeGenerator
from workers.supernets.gan_compression.spade_network import SpadeNetwork
from workers.training.students import FixedStudent, Student, Subnet, SupernetStudent


class Painter(Student, Protocol):
    """A student whose weights in training are not those in use."""

    def finished(self) -> SpadeNetwork:
        """A copy as it is used."""
        ...


class SpectralPainter(FixedStudent):
    """A generator whose convolutions are spectrally normalised while it learns."""

    def __init__(self, network: SpadeGenerator, plain: SpadeGenerator) -> None:
        """`plain`: of the same sizes; it is overwritten with what is kept."""
        super().__init__(network)
        self._plain = plain.requires_grad_(False).eval()

    def finished(self) -> SpadeGenerator:
        """See Painter. The running statistics are training's own, as published."""
        self._plain.load_state_dict(without_spectral_norm(self.network.state_dict()))
        return self._plain

    def shown(self) -> list[Subnet]:
        """See Student."""
        return [self.finished().features]


class SubnetPainter(FixedStudent):
    """One subnet."""

    def __init__(self, network: SpadeGenerator, batches: Sequence[Tensor]) -> None:
        """`batches`: of maps, to measure running statistics on."""
        super().__init__(network)
        self._painter, self._batches = network, batches

    def finished(self) -> SpadeGenerator:
        """See Painter."""
        copy = deepcopy(self._painter)
        copy.load_state_dict(averaged_statistics(copy, self._batches), strict=False)
        return copy.eval()

    def shown(self) -> list[Subnet]:
        """See Student."""
        return [self.finished().features]


class SupernetPainter(SupernetStudent):
    """A supernet; an architecture is used with statistics of its own, see `spade_calibration`."""

    def __init__(
        self, network: SpadeSupernet, *, subnets: int, sandwich: bool, batches: Sequence[Tensor]
    ) -> None:
        """`batches` as of SubnetPainter."""
        super().__init__(network, subnets=subnets, sandwich=sandwich)
        self._painter, self._batches = network, batches

    def finished(self) -> SpadeSupernet:
        """See Painter. The statistics are those of the largest architecture."""
        copy = deepcopy(self._painter)
        whole = self._calibrated(largest(copy.space)).state_dict()
        for name, buffer in copy.named_buffers():
            buffer.copy_(whole[name])
        return copy.eval()

    def shown(self) -> list[Subnet]:
        """See Student."""
        return [
            self._calibrated(extreme(self._painter.space)).features
            for extreme in (largest, smallest)
        ]

    def _calibrated(self, architecture: Architecture) -> SpadeGenerator:
        return calibrated(self._painter, architecture, self._batches)
