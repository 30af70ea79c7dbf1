"""What a route is handed: the open store, wake-ups and artifacts of its app.

On the event loop: what is there already takes no thread.
"""

from typing import Annotated

from fastapi import Depends, Request

from api.event_reads import EventReads
from api.live import Followers
from api.readiness import Readiness
from search_service.artifacts import Artifacts
from search_service.queue import WakeUps
from search_service.storage.base import Storage


async def _storage(request: Request) -> Storage:
    storage: Storage = request.app.state.storage
    return storage


async def _wake_ups(request: Request) -> WakeUps:
    wake_ups: WakeUps = request.app.state.wake_ups
    return wake_ups


async def _artifacts(request: Request) -> Artifacts:
    artifacts: Artifacts = request.app.state.artifacts
    return artifacts


async def _event_reads(request: Request) -> EventReads:
    reads: EventReads = request.app.state.event_reads
    return reads


async def _followers(request: Request) -> Followers:
    followers: Followers = request.app.state.followers
    return followers


async def _readiness(request: Request) -> Readiness:
    readiness: Readiness = request.app.state.readiness
    return readiness


StorageDep = Annotated[Storage, Depends(_storage)]
WakeUpsDep = Annotated[WakeUps, Depends(_wake_ups)]
ArtifactsDep = Annotated[Artifacts, Depends(_artifacts)]
EventReadsDep = Annotated[EventReads, Depends(_event_reads)]
FollowersDep = Annotated[Followers, Depends(_followers)]
ReadinessDep = Annotated[Readiness, Depends(_readiness)]
