"""Query parameters that several routes read."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query

from search_service.domain.objective import Source, objective
from search_service.domain.spec import Constraint, ObjectiveSpec, parse_constraint
from search_service.errors import InvalidInput

PageSize = Annotated[int, Query(ge=1, le=200)]
LongPageSize = Annotated[int, Query(ge=1, le=1000)]
PageToken = Annotated[str | None, Query(max_length=500)]
Device = Annotated[str, Query(max_length=200, description="for objectives that are timed")]
Where = Annotated[Sequence[str], Query(description="such as macs<=3e9", max_length=16)]


def read_objectives(names: str, device: str, *, pointer: str) -> list[ObjectiveSpec]:
    """From `fid,latency_ms`; raises UnknownName, and InvalidInput for a device that is missing."""
    return [_objective(name.strip(), device, pointer) for name in names.split(",") if name.strip()]


def read_where(where: Sequence[str], device: str) -> list[Constraint]:
    """From several `macs<=3e9`, each perhaps several with commas between."""
    texts = [text for each in where for text in each.split(",") if text.strip()]
    constraints = [parse_constraint(t, device=device, pointer="/where") for t in texts]
    for constraint in constraints:
        _objective(constraint.name, device, "/where")
    return constraints


def _objective(name: str, device: str, pointer: str) -> ObjectiveSpec:
    if objective(name, pointer=pointer).source is not Source.DEVICE:
        return ObjectiveSpec(name=name)
    if not device:
        raise InvalidInput(f"{name} needs a device, such as ?device=cpu", pointer="/device")
    return ObjectiveSpec(name=name, device=device)
