"""GET /families, /searchers, /objectives: what may be asked for."""

from fastapi import APIRouter

from api.schemas.answers import NamedAnswer
from search_service import searchers
from search_service.domain.objective import OBJECTIVES, Source
from search_service.spaces import SPACES

router = APIRouter(prefix="/v1", tags=["what may be asked for"])


@router.get("/families")
def list_families() -> list[NamedAnswer]:
    """Supernet families and the parameters of their generators."""
    return [NamedAnswer(name=name, parameters=SPACES[name].schema()) for name in SPACES]


@router.get("/searchers")
def list_searchers() -> list[NamedAnswer]:
    """Searchers and their parameters."""
    return [
        NamedAnswer(name=name, parameters=searchers.schema(name)) for name in searchers.SEARCHERS
    ]


@router.get("/objectives")
def list_objectives() -> list[NamedAnswer]:
    """Objectives; those that are timed take a device."""
    device = {"type": "object", "properties": {"device": {"type": "string"}}}
    return [
        NamedAnswer(
            name=o.name,
            description=o.description,
            unit=o.unit,
            parameters={**device, "required": ["device"]} if o.source is Source.DEVICE else {},
        )
        for o in OBJECTIVES.values()
    ]
