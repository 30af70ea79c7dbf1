"""Jobs: submit, follow, steer, and read what they found."""

import csv
import io
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from api import events
from api.dependencies import EventReadsDep, FollowersDep, StorageDep, WakeUpsDep
from api.idempotency import KeyHeader, once
from api.reading import JobAnswers
from api.routes.queries import LongPageSize, PageSize, PageToken
from api.schemas.answers import (
    EvaluationAnswer,
    EvaluationPage,
    FrontAnswer,
    HistoryAnswer,
    HistoryPoint,
    JobAnswer,
    JobPage,
)
from api.schemas.requests import JobPatch, JobRequest
from search_service import fronts, jobs
from search_service.domain.front import Front
from search_service.domain.job import Job, JobChange, JobKind, JobState, JobStep
from search_service.domain.objective import objective
from search_service.errors import InvalidInput
from search_service.queue import Cache
from search_service.storage.base import Storage

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "Not Modified"}}


@router.post("", status_code=201, response_model=JobAnswer)
def submit(
    body: JobRequest,
    request: Request,
    storage: StorageDep,
    wake_ups: WakeUpsDep,
    key: KeyHeader = None,
) -> Response:
    """Queue a job; its Location tells how it goes."""

    def create() -> tuple[bytes, dict[str, str]]:
        job = jobs.submit(
            body.kind,
            body.spec.given(),
            priority=body.priority,
            labels=body.labels,
            storage=storage,
            wake_ups=wake_ups,
        )
        return JobAnswer.of(job).model_dump_json().encode(), {"Location": f"/v1/jobs/{job.id}"}

    content = body.model_dump_json().encode()
    return once(request, content, key, storage=storage, create=create)


@router.get("", response_model_exclude_unset=True)
def list_jobs(
    storage: StorageDep,
    state: Annotated[JobState | None, Query()] = None,
    kind: Annotated[JobKind | None, Query()] = None,
    supernet: Annotated[str | None, Query(max_length=200)] = None,
    label: Annotated[str | None, Query(description="key=value", max_length=500)] = None,
    page_size: PageSize = 50,
    page_token: PageToken = None,
) -> JobPage:
    """Newest first."""
    pair = None
    if label is not None:
        name, equals, value = label.partition("=")
        if not equals:
            raise InvalidInput(f"label must be key=value, got {label!r}", pointer="/label")
        pair = (name, value)
    page = storage.jobs.page(
        size=page_size,
        token=page_token,
        state=state,
        kind=kind,
        supernet=storage.supernets.get(supernet).id if supernet else None,
        label=pair,
    )
    found = [JobAnswer.of(job) for job in page.items]
    if page.next_token is None:
        return JobPage(jobs=found)
    return JobPage(jobs=found, next_page_token=page.next_token)


@router.get("/{job_id}", response_model=JobAnswer, responses=NOT_MODIFIED)
async def read(job_id: str, request: Request) -> Response:
    """Where it stands."""
    answers: JobAnswers = request.app.state.job_answers
    return (await answers.of(job_id)).response(request, media_type="application/json")


@router.patch("/{job_id}")
def change(job_id: str, body: JobPatch, storage: StorageDep, wake_ups: WakeUpsDep) -> JobAnswer:
    """Another priority, other labels; another budget of a search, under which it goes on."""
    wanted = JobChange(**body.given())
    return JobAnswer.of(jobs.change(job_id, wanted, storage=storage, wake_ups=wake_ups))


@router.post("/{job_id}/cancel")
def cancel(job_id: str, storage: StorageDep, wake_ups: WakeUpsDep) -> JobAnswer:
    """End it; what is finished is kept."""
    return JobAnswer.of(jobs.step(job_id, JobStep.CANCEL, storage=storage, wake_ups=wake_ups))


@router.post("/{job_id}/pause")
def pause(job_id: str, storage: StorageDep, wake_ups: WakeUpsDep) -> JobAnswer:
    """Stop proposing and measuring until it is resumed."""
    return JobAnswer.of(jobs.step(job_id, JobStep.PAUSE, storage=storage, wake_ups=wake_ups))


@router.post("/{job_id}/resume")
def resume(job_id: str, storage: StorageDep, wake_ups: WakeUpsDep) -> JobAnswer:
    """Go on with a paused one."""
    return JobAnswer.of(jobs.step(job_id, JobStep.RESUME, storage=storage, wake_ups=wake_ups))


@router.post("/{job_id}/retry")
def retry(job_id: str, storage: StorageDep, wake_ups: WakeUpsDep) -> JobAnswer:
    """Another attempt at a failed or cancelled one; its evaluations are kept."""
    return JobAnswer.of(jobs.step(job_id, JobStep.RETRY, storage=storage, wake_ups=wake_ups))


@router.get(
    "/{job_id}/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
def follow(
    job_id: str,
    storage: StorageDep,
    reads: EventReadsDep,
    followers: FollowersDep,
    last_event_id: Annotated[int | None, Header(ge=0, le=2**53)] = None,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> StreamingResponse:
    """Events after `Last-Event-ID`, then live until the job ends."""
    job = storage.jobs.get(job_id)  # before its events are read: nothing is missed that ends it
    return StreamingResponse(
        events.stream(
            job_id,
            after=last_event_id or after,
            has_ended=job.state.terminal,
            reads=reads,
            followers=followers,
        ),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


@router.get("/{job_id}/history")
def read_history(job_id: str, storage: StorageDep) -> HistoryAnswer:
    """Front size and hypervolume over evaluations, in the order they finished."""
    storage.jobs.get(job_id)
    points = [
        HistoryPoint(evaluations=n, front_size=size, hypervolume=hypervolume)
        for n, size, hypervolume in storage.evaluations.history(job_id)
    ]
    return HistoryAnswer(job=job_id, points=points)


@router.get("/{job_id}/front", response_model=FrontAnswer, responses=NOT_MODIFIED)
async def read_front(
    job_id: str, request: Request, format: Literal["json", "csv"] = "json"
) -> Response:
    """The Pareto front found so far; at the end of re-measured values."""
    state = request.app.state
    answers: JobAnswers = state.front_tables if format == "csv" else state.front_answers
    media_type = "text/csv; charset=utf-8" if format == "csv" else "application/json"
    return (await answers.of(job_id)).response(request, media_type=media_type)


@router.get("/{job_id}/evaluations", response_model_exclude_unset=True)
def list_evaluations(
    job_id: str,
    storage: StorageDep,
    order_by: Annotated[str, Query(max_length=100)] = "number",
    page_size: LongPageSize = 200,
    page_token: PageToken = None,
) -> EvaluationPage:
    """By number, or by an objective's value."""
    if order_by != "number":
        objective(order_by, pointer="/order_by")
    storage.jobs.get(job_id)
    page = storage.evaluations.page(job_id, size=page_size, token=page_token, order_by=order_by)
    found = [EvaluationAnswer.of(e) for e in page.items]
    if page.next_token is None:
        return EvaluationPage(evaluations=found)
    return EvaluationPage(evaluations=found, next_page_token=page.next_token)


def job_answers(storage: Storage, cache: Cache | None = None) -> JobAnswers:
    """What `read` answers with."""

    def render(job: Job) -> bytes:
        return JobAnswer.of(job).model_dump_json().encode()

    return JobAnswers(storage, render, shape="job", cache=cache)


def front_answers(storage: Storage, cache: Cache | None = None) -> JobAnswers:
    """What `read_front` answers with."""

    def render(job: Job) -> bytes:
        return FrontAnswer.of(fronts.job_front(job, storage=storage)).model_dump_json().encode()

    return JobAnswers(storage, render, shape="front", of_front=True, cache=cache)


def front_tables(storage: Storage, cache: Cache | None = None) -> JobAnswers:
    """The same as a table."""

    def render(job: Job) -> bytes:
        return _csv(fronts.job_front(job, storage=storage)).encode()

    return JobAnswers(storage, render, shape="front-table", of_front=True, cache=cache)


def _csv(front: Front) -> str:
    names: Sequence[str] = sorted({name for p in front.points for name in p.best_values})
    text = io.StringIO()
    writer = csv.writer(text)
    columns = [f"{name}{end}" for name in names for end in ("", "_low", "_high", "_in_search")]
    writer.writerow(["evaluation", "architecture", *columns])
    for point in front.points:
        values = point.best_values
        cells: list[object] = []
        for name in names:
            value = values.get(name)
            cells += [value.value, value.low, value.high] if value else ["", "", ""]
            cells.append(point.values[name].value if name in point.values else "")
        writer.writerow([point.id, point.architecture, *cells])
    return text.getvalue()
