"""Parameters of a named thing: a frozen dataclass read from JSON, and its JSON schema."""

import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar

from search_service.errors import InvalidInput, UnknownName

P = TypeVar("P")

_WORDS = {bool: "boolean", int: "integer", float: "number", str: "string", dict: "object"}


def read_parameters(kind: type[P], parameters: Mapping[str, Any], *, pointer: str) -> P:
    """A frozen dataclass from JSON; an int is taken where a float is wanted, nothing else is.

    `pointer` is the JSON pointer of `parameters`. Raises UnknownName for a name that is no field,
    InvalidInput for a value of another type or a field that is missing; what the dataclass itself
    raises passes.
    """
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]  # P is a dataclass
    for name, value in parameters.items():
        if name not in known:
            names = ", ".join(known) or "none"
            raise UnknownName(
                f"unknown parameter {name!r}; known: {names}", pointer=f"{pointer}/{name}"
            )
        if not _fits(value, _plain(known[name])):
            raise InvalidInput(
                f"parameter {name!r} must be {_plain(known[name]).__name__}, got {value!r}",
                pointer=f"{pointer}/{name}",
            )
    for name, field in known.items():
        if name not in parameters and not _has_default(field):
            raise InvalidInput(f"parameter {name!r} is missing", pointer=pointer)
    return kind(**parameters)


def parameters_schema(kind: type[Any]) -> dict[str, Any]:
    """JSON schema of a parameters dataclass; what the dataclass checks itself is not in it."""
    properties: dict[str, Any] = {}
    required = []
    for field in fields(kind):
        entry: dict[str, Any] = {"type": _WORDS[_plain(field)]}
        if field.default is not MISSING:
            entry["default"] = field.default
        elif field.default_factory is not MISSING:
            entry["default"] = field.default_factory()
        else:
            required.append(field.name)
        properties[field.name] = entry
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _plain(field: "Field[Any]") -> type[Any]:
    """The class behind a field's annotation: dict for `dict[str, Any]`."""
    kind: type[Any] = getattr(field.type, "__origin__", field.type)
    return kind


def _fits(value: object, wanted: type[Any]) -> bool:
    if wanted is not bool and isinstance(value, bool):
        return False
    if wanted is float:
        return isinstance(value, (int, float)) and math.isfinite(value)
    return isinstance(value, wanted)


def _has_default(field: "Field[Any]") -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING
