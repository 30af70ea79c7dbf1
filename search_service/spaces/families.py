"""The table of families: how a space is built from JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from search_service.domain.parameters import parameters_schema, read_parameters
from search_service.domain.space import SearchSpace
from search_service.registry import Registry


class Family(Protocol):
    """What the table holds: how to build a space from JSON, and what may be said."""

    def build(self, parameters: Mapping[str, Any]) -> SearchSpace:
        """Build the space; raises UnknownName or InvalidInput with the JSON pointer."""
        ...

    def schema(self) -> dict[str, Any]:
        """JSON schema of the parameters."""
        ...


SPACES: Registry[Family] = Registry("supernet family")


@dataclass(frozen=True, kw_only=True)
class DataclassFamily:
    """A family whose space is a frozen dataclass of its parameters."""

    space: type[Any]
    parameters: type[Any]

    def build(self, parameters: Mapping[str, Any]) -> SearchSpace:
        """See Family."""
        space: SearchSpace = self.space(read_parameters(self.parameters, parameters))
        return space

    def schema(self) -> dict[str, Any]:
        """See Family."""
        return parameters_schema(self.parameters)
