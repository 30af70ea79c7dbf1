"""For those who watch the service: alive, ready, metrics."""

import logging

from fastapi import APIRouter, Request, Response

from api.dependencies import StorageDep
from api.errors import problem
from search_service import telemetry

logger = logging.getLogger(__name__)
router = APIRouter(tags=["health"])


@router.get("/healthz")
def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", response_model=dict[str, str])
def ready(request: Request, storage: StorageDep) -> dict[str, str] | Response:
    """The store answers too; 503 when it does not."""
    try:
        storage.ping()
    except Exception:
        # Whatever the driver raises, the answer is the same: not now.
        logger.exception("the store does not answer")
        return problem(request, 503, "the database does not answer")
    return {"status": "ready"}


@router.get("/metrics", response_class=Response)
def metrics(storage: StorageDep) -> Response:
    """Prometheus text."""
    queue = telemetry.QueueCollector(
        counts=storage.jobs.counts, oldest_queued=storage.jobs.oldest_queued
    )
    return Response(telemetry.exposition(queue), media_type=telemetry.CONTENT_TYPE)
