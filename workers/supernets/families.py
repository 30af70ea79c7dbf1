"""The table of supernet families, and what every family's supernet can do."""

from collections.abc import Callable
from typing import Protocol

from torch import nn

from search_service.domain.space import Architecture, SearchSpace
from search_service.registry import Registry


class Supernet(Protocol):
    """A generator that holds every subnet of its space; also an `nn.Module`."""

    @property
    def space(self) -> SearchSpace:
        """What the supernet leaves open."""
        ...

    def extract(self, architecture: Architecture) -> nn.Module:
        """A plain module with its own copy of the subnet's weights and the same output."""
        ...


SUPERNETS: Registry[Callable[..., nn.Module]] = Registry("supernet family")
