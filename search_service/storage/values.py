"""Values pass a store's door as copies, in the form in which every store gives them back."""

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

T = TypeVar("T")


def by_value(value: T) -> T:
    """A deep copy: mappings as plain dicts, their sequences as lists, times in UTC.

    Raises ValueError for a number that is not finite or a time without a zone, TypeError for what
    has no JSON form. Bytes pass as they are.
    """
    return cast("T", _copied(value))


def _copied(value: Any) -> Any:
    match value:
        case None | str() | bool() | int() | bytes():
            return value
        case float():
            return _finite(value)
        case Mapping():
            return {str(name): _copied(item) for name, item in value.items()}
        case list() | tuple():
            return [_copied(item) for item in value]
        case datetime():
            return _aware(value)
    if is_dataclass(value) and not isinstance(value, type):
        copied = {field.name: _field(getattr(value, field.name)) for field in fields(value)}
        return type(value)(**copied)
    raise TypeError(f"no JSON form for {type(value).__name__} {value!r}")


def _field(value: Any) -> Any:
    """A field of ours that is declared a tuple stays one; within JSON there are only lists."""
    return tuple(map(_copied, value)) if isinstance(value, tuple) else _copied(value)


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"numbers that are stored must be finite, got {value}")
    return float(value)


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(f"times that are stored must have a zone, got {value}")
    return value.astimezone(UTC)
