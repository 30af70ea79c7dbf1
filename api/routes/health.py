"""For those who watch the service: alive, ready, metrics."""

from fastapi import APIRouter, Response

from api.dependencies import ReadinessDep, StorageDep
from search_service import telemetry

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """The process answers, whatever its threads wait for."""
    return {"status": "ok"}


@router.get("/readyz")
async def ready(readiness: ReadinessDep) -> dict[str, str]:
    """The store answers too; 503 when it does not, or not within two seconds."""
    await readiness.check()
    return {"status": "ready"}


@router.get("/metrics", response_class=Response)
def metrics(storage: StorageDep) -> Response:
    """Prometheus text."""
    queue = telemetry.QueueCollector(
        counts=storage.jobs.counts, oldest_queued=storage.jobs.oldest_queued
    )
    return Response(telemetry.exposition(queue), media_type=telemetry.CONTENT_TYPE)
