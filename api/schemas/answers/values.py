"""Numbers and times, as every answer writes them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Self

from pydantic import BaseModel

from search_service.domain.evaluation import Value


def timestamp(at: datetime | None) -> str | None:
    """RFC 3339 in UTC, with a Z."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


class ValueAnswer(BaseModel):
    """A number with its interval and provenance; what does not apply is left out."""

    value: float
    low: float | None = None
    high: float | None = None
    samples: int | None = None
    device: str | None = None
    protocol: str | None = None

    @classmethod
    def of(cls, value: Value) -> Self:
        return cls(
            value=value.value,
            low=value.low,
            high=value.high,
            samples=value.samples,
            device=value.device or None,
            protocol=value.protocol_digest or None,
        )


def values_of(values: Mapping[str, Value]) -> dict[str, ValueAnswer]:
    """By objective."""
    return {name: ValueAnswer.of(value) for name, value in values.items()}
