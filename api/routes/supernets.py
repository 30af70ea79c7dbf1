"""Supernets: register one, look at its space, ask for its front and its best subnet."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.dependencies import StorageDep, WakeUpsDep
from api.idempotency import KeyHeader, once
from api.routes.queries import (
    Device,
    PageSize,
    PageToken,
    Where,
    read_objectives,
    read_where,
)
from api.schemas.answers import (
    BestAnswer,
    ChoiceAnswer,
    FeasibilityAnswer,
    FrontAnswer,
    FrontTexts,
    SpaceAnswer,
    SupernetAnswer,
    SupernetPage,
)
from api.schemas.requests import FeasibilityRequest, SupernetRequest
from search_service import catalog, fronts
from search_service.domain.spec import Constraint, ObjectiveSpec, Op
from search_service.errors import InvalidInput
from search_service.spaces.feasibility import feasibility
from search_service.storage.base import Storage

router = APIRouter(prefix="/v1/supernets", tags=["supernets"])


@router.post("", status_code=201, response_model=SupernetAnswer)
def register(
    body: SupernetRequest,
    request: Request,
    storage: StorageDep,
    wake_ups: WakeUpsDep,
    key: KeyHeader = None,
) -> Response:
    """Register a trained checkpoint; a worker then loads it: pending, then ready or invalid."""

    def create() -> tuple[bytes, dict[str, str]]:
        supernet = catalog.register_supernet(
            **body.model_dump(), storage=storage, wake_ups=wake_ups
        )
        answer = SupernetAnswer.of(supernet).model_dump_json(exclude_none=True)
        return answer.encode(), {"Location": f"/v1/supernets/{supernet.id}"}

    content = body.model_dump_json().encode()
    return once(request, content, key, storage=storage, create=create)


@router.get("", response_model_exclude_none=True)
def list_supernets(
    storage: StorageDep, page_size: PageSize = 50, page_token: PageToken = None
) -> SupernetPage:
    """Newest first."""
    page = storage.supernets.page(size=page_size, token=page_token)
    return SupernetPage(
        supernets=[SupernetAnswer.of(s) for s in page.items], next_page_token=page.next_token
    )


@router.get("/{supernet_id}")
def read(supernet_id: str, storage: StorageDep) -> SupernetAnswer:
    """By id or name."""
    return SupernetAnswer.of(storage.supernets.get(supernet_id))


@router.get("/{supernet_id}/space")
def read_space(supernet_id: str, storage: StorageDep) -> SpaceAnswer:
    """The choices that the supernet leaves open."""
    space = catalog.space_of(storage.supernets.get(supernet_id))
    return SpaceAnswer(
        family=space.family,
        size=space.size,
        choices=[ChoiceAnswer(name=c.name, options=list(c.options)) for c in space.choices],
    )


@router.post("/{supernet_id}/feasibility")
def read_feasibility(
    supernet_id: str, body: FeasibilityRequest, storage: StorageDep
) -> FeasibilityAnswer:
    """Whether any architecture meets the constraints known in closed form, and the ranges."""
    space = catalog.space_of(storage.supernets.get(supernet_id))
    constraints = []
    for i, c in enumerate(body.constraints):
        found = read_objectives(c.name, c.device or "", pointer=f"/constraints/{i}/name")
        if len(found) != 1:
            raise InvalidInput("name one objective", pointer=f"/constraints/{i}/name")
        constraints.append(
            Constraint(name=c.name, op=Op(c.op), value=c.value, device=found[0].device)
        )
    return FeasibilityAnswer(**vars(feasibility(space, constraints)))


@router.get("/{supernet_id}/front", response_model=FrontAnswer)
def read_front(
    supernet_id: str,
    request: Request,
    storage: StorageDep,
    objectives: Annotated[str, Query(description="such as fid,latency_ms")],
    device: Device = "",
    where: Where = (),
) -> Response:
    """The Pareto front over all stored evaluations of this supernet, of any job."""
    supernet = storage.supernets.get(supernet_id)
    named = read_objectives(objectives, device, pointer="/objectives")
    bounds = read_where(where, device)
    front = fronts.supernet_front(supernet, objectives=named, where=bounds, storage=storage)
    if not front.points:
        _require_known_devices([*named, *bounds], storage)
    texts: FrontTexts = request.app.state.front_texts
    return Response(texts.of(front), media_type="application/json")


@router.get("/{supernet_id}/best", response_model=BestAnswer)
def read_best(
    supernet_id: str,
    storage: StorageDep,
    minimize: Annotated[str, Query(description="an objective")],
    device: Device = "",
    where: Where = (),
) -> Response:
    """The best stored evaluation under constraints, with its interval and ties."""
    supernet = storage.supernets.get(supernet_id)
    named = read_objectives(minimize, device, pointer="/minimize")
    if len(named) != 1:
        raise InvalidInput("minimize names one objective", pointer="/minimize")
    bounds = read_where(where, device)
    best = fronts.best(supernet, minimize=named[0], where=bounds, storage=storage)
    if best.evaluation is None:
        _require_known_devices([*named, *bounds], storage)
    return Response(BestAnswer.of(best).model_dump_json(), media_type="application/json")


def _require_known_devices(asked: Sequence[ObjectiveSpec | Constraint], storage: Storage) -> None:
    """Where nothing was found that may be why; a device that has values need not be looked for."""
    for device in {named.device for named in asked if named.device}:
        catalog.require_device(device, pointer="/device", storage=storage)
