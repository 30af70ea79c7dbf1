"""What a route is handed: the open store, wake-ups and artifacts of its app."""

from typing import Annotated

from fastapi import Depends, Request

from api.live import Followers
from search_service.artifacts import Artifacts
from search_service.queue import WakeUps
from search_service.storage.base import Storage


def _storage(request: Request) -> Storage:
    storage: Storage = request.app.state.storage
    return storage


def _wake_ups(request: Request) -> WakeUps:
    wake_ups: WakeUps = request.app.state.wake_ups
    return wake_ups


def _artifacts(request: Request) -> Artifacts:
    artifacts: Artifacts = request.app.state.artifacts
    return artifacts


def _followers(request: Request) -> Followers:
    followers: Followers = request.app.state.followers
    return followers


StorageDep = Annotated[Storage, Depends(_storage)]
WakeUpsDep = Annotated[WakeUps, Depends(_wake_ups)]
ArtifactsDep = Annotated[Artifacts, Depends(_artifacts)]
FollowersDep = Annotated[Followers, Depends(_followers)]
