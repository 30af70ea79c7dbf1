"""The application: routes, errors and the store they speak to. Neither torch nor Ray."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles

from api import errors, openapi
from api.event_reads import EventReads
from api.limits import limited
from api.live import Followers
from api.middleware import Envelope
from api.readiness import Readiness
from api.routes import artifacts as artifact_routes
from api.routes import asked, devices, docs, evaluations, health, jobs, page, supernets
from api.schemas.answers import FrontTexts
from search_service.artifacts import Artifacts
from search_service.queue import WakeUps, open_cache, open_limit, open_news, open_wake_ups
from search_service.settings import Settings
from search_service.storage import open_storage
from search_service.storage.base import Storage

THREADS = 8  # more only wait for each other at the database


def create_app(
    settings: Settings,
    *,
    storage: Storage | None = None,
    wake_ups: WakeUps | None = None,
    artifacts: Artifacts | None = None,
) -> FastAPI:
    """The app over the store that the settings name, or the one that is handed in.

    Raises InvalidSetting for a store that cannot be used, StorageUnavailable for one that does not
    answer.
    """

    news = open_news(settings.redis_url)
    followers = Followers(news)
    limit = open_limit(settings.redis_url, settings.rate_limit)
    cache = open_cache(settings.redis_url)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        followers.start()
        yield
        news.close()
        if storage is None:
            app.state.storage.close()

    app = FastAPI(
        title="gansearch",
        summary="Finds the best generator for every device",
        version="1",
        lifespan=lifespan,
        docs_url=None,  # see api.routes.docs
        redoc_url=None,
        responses=openapi.PROBLEMS,
        dependencies=[Depends(limited(limit))] if limit else [],
    )
    app.state.storage = storage or open_storage(settings.database_url, told=news.tell)
    app.state.followers = followers
    app.state.event_reads = EventReads(app.state.storage)
    app.state.readiness = Readiness(app.state.storage)
    app.state.wake_ups = wake_ups or open_wake_ups(settings.redis_url)
    app.state.artifacts = artifacts or Artifacts(settings.artifacts)
    app.state.job_answers = jobs.job_answers(app.state.storage, cache)
    app.state.front_texts = FrontTexts()
    app.state.front_answers = jobs.front_answers(app.state.storage, cache)
    app.state.front_tables = jobs.front_tables(app.state.storage, cache)
    app.add_middleware(Envelope)
    errors.install(app)
    openapi.install(app)
    # Routes are tried in this order: what is asked for most comes first.
    for module in (
        jobs,
        evaluations,
        supernets,
        artifact_routes,
        devices,
        asked,
        health,
        page,
        docs,
    ):
        app.include_router(module.router)
    app.mount("/static", StaticFiles(directory=page.WEB), name="static")
    return app
