"""Parameters given as JSON: read into a frozen dataclass, and described as a JSON schema."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, field, fields
from typing import Any, TypeVar, cast, get_origin

from search_service.errors import InvalidInput, UnknownName

P = TypeVar("P")

_WORDS = {
    int: "integer",
    float: "number",
    str: "string",
    bool: "boolean",
    tuple: "array",
    Mapping: "object",
}


def bounded(
    default: float, *, minimum: float | None = None, maximum: float | None = None
) -> Any:  # the type of the field that it declares
    """A dataclass field whose value must lie within bounds, both inclusive."""
    bounds = {"minimum": minimum, "maximum": maximum}
    return field(default=default, metadata={k: v for k, v in bounds.items() if v is not None})


def one_of(default: str, *names: str) -> Any:  # as above
    """A dataclass field whose value must be one of these names."""
    return field(default=default, metadata={"enum": names})


def read_parameters(
    kind: type[P], parameters: Mapping[str, Any], *, pointer: str = "/parameters"
) -> P:
    """A frozen dataclass from JSON; an int is taken where a float is wanted, nothing else is.

    `pointer` is where the parameters stand. Raises UnknownName for an unknown parameter,
    InvalidInput for a missing one, or a value of another type or out of bounds.
    """
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]  # P is a dataclass
    for name, value in parameters.items():
        if name not in known:
            names = ", ".join(known) or "none"
            raise UnknownName(
                f"unknown parameter {name!r}; known: {names}", pointer=f"{pointer}/{name}"
            )
        wanted = _wanted(known[name], value)
        if wanted:
            raise InvalidInput(
                f"parameter {name!r} must be {wanted}, got {value!r}", pointer=f"{pointer}/{name}"
            )
    for name, declared in known.items():
        if name not in parameters and not _has_default(declared):
            raise InvalidInput(f"parameter {name!r} is missing", pointer=pointer)
    return kind(**parameters)


def parameters_schema(kind: type[Any]) -> dict[str, Any]:
    """JSON schema of a parameters dataclass."""
    properties: dict[str, Any] = {}
    required = []
    for declared in fields(kind):
        entry: dict[str, Any] = {"type": _WORDS[_plain(declared)], **declared.metadata}
        if not _has_default(declared):
            required.append(declared.name)
        elif declared.default is MISSING:
            entry["default"] = {}
        else:
            entry["default"] = declared.default
        if "enum" in entry:
            entry["enum"] = list(entry["enum"])
        properties[declared.name] = entry
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _plain(declared: "Field[Any]") -> type[Any]:
    return cast(
        type[Any], get_origin(declared.type) or declared.type
    )  # of Mapping[str, Any]: Mapping


def _has_default(declared: "Field[Any]") -> bool:
    return declared.default is not MISSING or declared.default_factory is not MISSING


def _wanted(declared: "Field[Any]", value: Any) -> str:
    """What would be right, in words; empty when the value is."""
    plain = _plain(declared)
    allowed = {float: (int, float), tuple: (list, tuple)}.get(plain, (plain,))
    if not isinstance(value, allowed) or (isinstance(value, bool) and plain is not bool):
        return {"Mapping": "an object", "tuple": "a list"}.get(plain.__name__, plain.__name__)
    rules = declared.metadata
    if "enum" in rules and value not in rules["enum"]:
        return f"one of {', '.join(rules['enum'])}"
    # Written so that NaN breaks a bound.
    if "minimum" in rules and not value >= rules["minimum"]:
        return f"at least {rules['minimum']}"
    if "maximum" in rules and not value <= rules["maximum"]:
        return f"at most {rules['maximum']}"
    return ""
