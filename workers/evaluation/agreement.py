"""Whether a worker follows the protocol that it is asked for."""

from collections.abc import Mapping
from typing import Any

from search_service.domain.teacher import SuppliedTeacher
from search_service.errors import MeasurementFailed


def teacher_in(asked: Mapping[str, Any]) -> SuppliedTeacher | None:
    """That of a protocol, where it is not an architecture of the supernet."""
    about = asked.get("teacher")
    return SuppliedTeacher.from_json(about) if isinstance(about, Mapping) else None


def agrees(asked: Mapping[str, Any], followed: Mapping[str, Any]) -> bool:
    """Whether a protocol says all that is followed."""
    return all(asked.get(name) == value for name, value in followed.items())


def require_agreement(asked: Mapping[str, Any], followed: Mapping[str, Any]) -> None:
    """Raises MeasurementFailed rather than follow another protocol than the one asked for."""
    for name, value in followed.items():
        if asked.get(name) != value:
            raise MeasurementFailed(
                f"the protocol says {name} {asked.get(name)!r}, this worker has {value!r}"
            )
