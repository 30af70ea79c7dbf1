"""Who is taught: a supernet by its subnets, or one generator of a fixed architecture."""

import copy
from collections.abc import Callable, Collection
from functools import partial
from typing import Protocol, TypeVar

from torch import Tensor, nn

from search_service.domain.space import Architecture, largest, sample, smallest
from workers.supernets.gan_compression.resnet import ResnetSupernet
from workers.supernets.gan_compression.resnet_generator import ResnetGenerator
from workers.supernets.gan_compression.spade import SpadeSupernet
from workers.supernets.gan_compression.spade_generator import SpadeGenerator
from workers.training.draws import Draws

# Of a batch and names of layers: the image, and the outputs of those layers.
Subnet = Callable[[Tensor, Collection[str]], tuple[Tensor, dict[str, Tensor]]]


class Student(Protocol):
    """A network that is trained, and how it is run in one step."""

    @property
    def network(self) -> nn.Module:
        """What has the weights."""
        ...

    @property
    def name(self) -> str:
        """Under which the network is kept."""
        ...

    def draw(self, draws: Draws) -> list[Subnet]:
        """The subnets that one step trains."""
        ...

    def shown(self) -> list[Subnet]:
        """Those that a grid shows, the widest first."""
        ...

    def twin(self) -> "Student":
        """The same student with a copy of its network."""
        ...


class SupernetStudent:
    """`subnets` a step, each drawn uniformly; with `sandwich` the first two are the extremes.

    Universally Slimmable Networks and Improved Training Techniques (Yu and Huang, 2019), section
    3.2, has the sandwich rule; GAN Compression draws one subnet a step.
    """

    name = "supernet"

    def __init__(
        self, network: ResnetSupernet | SpadeSupernet, *, subnets: int, sandwich: bool
    ) -> None:
        self.network = network
        self._extremes = (largest, smallest) if sandwich else ()
        self._drawn = subnets - len(self._extremes)

    def architectures(self, draws: Draws) -> list[Architecture]:
        """Of one step."""
        space = self.network.space
        extremes = [extreme(space) for extreme in self._extremes]
        return extremes + [sample(space, draws.rng) for _ in range(self._drawn)]

    def draw(self, draws: Draws) -> list[Subnet]:
        """See Student."""
        return [self._subnet(architecture) for architecture in self.architectures(draws)]

    def shown(self) -> list[Subnet]:
        """The largest and the smallest."""
        return [self._subnet(extreme(self.network.space)) for extreme in (largest, smallest)]

    def twin(self) -> "Student":
        """See Student."""
        return _twin(self)

    def _subnet(self, architecture: Architecture) -> Subnet:
        return partial(_run, self.network, architecture)


def _run(
    network: ResnetSupernet | SpadeSupernet,
    architecture: Architecture,
    x: Tensor,
    layers: Collection[str],
) -> tuple[Tensor, dict[str, Tensor]]:
    return network.features(x, architecture, layers)


class FixedStudent:
    """One generator."""

    name = "generator"

    def __init__(self, network: ResnetGenerator | SpadeGenerator) -> None:
        self.network = network

    def draw(self, draws: Draws) -> list[Subnet]:
        """See Student."""
        return [self.network.features]

    def shown(self) -> list[Subnet]:
        """See Student."""
        return [self.network.features]

    def twin(self) -> "Student":
        """See Student."""
        return _twin(self)


S = TypeVar("S", SupernetStudent, FixedStudent)


def _twin(student: S) -> S:
    twin = copy.copy(student)
    twin.network = copy.deepcopy(student.network)
    return twin
