"""The table of families, and how a family's parameters are read from JSON."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, Protocol, TypeVar

from search_service.domain.space import SearchSpace
from search_service.errors import InvalidInput, UnknownName
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
P = TypeVar("P")


def read_parameters(kind: type[P], parameters: Mapping[str, Any]) -> P:
    """A frozen dataclass from JSON; an int is taken where a float is wanted, nothing else is."""
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]  # P is a dataclass
    for name, value in parameters.items():
        pointer = f"/parameters/{name}"
        if name not in known:
            names = ", ".join(known)
            raise UnknownName(f"unknown parameter {name!r}; known: {names}", pointer=pointer)
        wanted = known[name].type
        allowed = (int, float) if wanted is float else (wanted,)
        if isinstance(value, bool) or not isinstance(value, allowed):
            raise InvalidInput(
                f"parameter {name!r} must be {getattr(wanted, '__name__', wanted)}, got {value!r}",
                pointer=pointer,
            )
    for name, field in known.items():
        if name not in parameters and field.default is MISSING:
            raise InvalidInput(f"parameter {name!r} is missing", pointer="/parameters")
    return kind(**parameters)


def parameters_schema(kind: type[Any]) -> dict[str, Any]:
    """JSON schema of a parameters dataclass."""
    words = {int: "integer", float: "number", str: "string"}
    properties: dict[str, Any] = {}
    required = []
    for field in fields(kind):
        entry: dict[str, Any] = {"type": words[field.type]}  # type: ignore[index]  # a plain type
        if field.default is MISSING:
            required.append(field.name)
        else:
            entry["default"] = field.default
        properties[field.name] = entry
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


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
