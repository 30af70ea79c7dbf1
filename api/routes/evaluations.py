"""Evaluations: one architecture with its values, and the images it makes."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from PIL import Image

from api.dependencies import ArtifactsDep, StorageDep, WakeUpsDep
from api.idempotency import KeyHeader, once
from api.schemas.answers import EvaluationAnswer, JobAnswer
from api.schemas.requests import FinetuneRequest
from search_service import jobs
from search_service.errors import InvalidInput, NotFound

router = APIRouter(prefix="/v1/evaluations", tags=["evaluations"])

GRID = 4  # images along each side of a stored picture


@router.get("/{evaluation_id}")
def read(evaluation_id: str, storage: StorageDep) -> EvaluationAnswer:
    """Architecture, values with intervals, protocol digests, cost and job."""
    return EvaluationAnswer.of(storage.evaluations.get(evaluation_id))


@router.post(
    "/{evaluation_id}/finetune",
    status_code=202,
    response_model=JobAnswer,
    responses={202: {"headers": {"Location": {"schema": {"type": "string"}}}}},
)
def finetune(
    evaluation_id: str,
    body: FinetuneRequest,
    request: Request,
    storage: StorageDep,
    wake_ups: WakeUpsDep,
    key: KeyHeader = None,
) -> Response:
    """Queue a job that goes on training this architecture from its supernet's weights."""
    storage.evaluations.get(evaluation_id)

    def create() -> tuple[bytes, dict[str, str]]:
        spec = {**body.given(), "evaluation": evaluation_id}
        with _as_whole_body():
            job = jobs.submit("finetune", spec, storage=storage, wake_ups=wake_ups)
        return JobAnswer.of(job).model_dump_json().encode(), {"Location": f"/v1/jobs/{job.id}"}

    content = body.model_dump_json().encode()
    return once(request, content, key, storage=storage, create=create, status=202)


@router.get(
    "/{evaluation_id}/samples.png",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}, 304: {"description": "Not Modified"}},
)
def read_samples(
    evaluation_id: str,
    request: Request,
    storage: StorageDep,
    artifacts: ArtifactsDep,
    rows: Annotated[int, Query(ge=1, le=GRID, description="and as many columns")] = GRID,
) -> Response:
    """Images of the subnet, from the same latents for every architecture of the supernet."""
    evaluation = storage.evaluations.get(evaluation_id)
    if evaluation.samples_artifact is None:
        raise NotFound(f"evaluation {evaluation_id} has no images: it was not judged by them")
    etag = f'"{evaluation.samples_artifact}-{rows}"'
    headers = {"ETag": etag, "Cache-Control": "public, max-age=86400, immutable"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    content = artifacts.get(evaluation.samples_artifact).content
    if rows < GRID:
        content = _cropped(content, rows)
    return Response(content, media_type="image/png", headers=headers)


@contextmanager
def _as_whole_body() -> Iterator[None]:
    """The body here is what elsewhere stands at `/spec`."""
    try:
        yield
    except InvalidInput as error:
        error.pointer = error.pointer.removeprefix("/spec")
        raise


def _cropped(content: bytes, rows: int) -> bytes:
    with Image.open(io.BytesIO(content)) as picture:
        width, height = (size * rows // GRID for size in picture.size)
        target = io.BytesIO()
        picture.crop((0, 0, width, height)).save(target, "PNG")
    return target.getvalue()
