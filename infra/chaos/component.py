"""What can be struck: a part of the deployment that is started, and serves once it is up."""

from abc import ABC, abstractmethod
from enum import StrEnum
from typing import ClassVar

from infra.chaos.session import Session


class Kind(StrEnum):
    """What a part is."""

    POSTGRES = "postgres"
    REDIS = "redis"
    API = "api"
    WORKER = "worker"
    NODE = "node"  # of Ray, but for the head
    HEAD = "head"


class Component(ABC):
    """One part, whose processes are one session at a time."""

    kind: ClassVar[Kind]
    needs: ClassVar[frozenset[Kind]] = frozenset()  # to begin; else it may end by itself

    def __init__(self, name: str) -> None:
        self.name = name
        self._session: Session | None = None

    @abstractmethod
    def launch(self) -> Session:
        """Start its processes; returns at once."""

    @abstractmethod
    def serves(self) -> bool:
        """Whether it does its work now; takes a second or so at most."""

    def start(self) -> None:
        """Begin, where nothing of an earlier start is left."""
        self._session = self.launch()

    @property
    def session(self) -> Session:
        """Its processes. Raises RuntimeError before it was started."""
        if self._session is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._session

    @property
    def ended(self) -> bool:
        """Whether it was started and its first process has ended."""
        return self._session is not None and self._session.ended

    def losses(self) -> list[str]:
        """What it says, since it was last asked, of processes of its own that died and that it
        replaced."""
        return []

    def kill(self) -> None:
        """SIGKILL to whatever is there of it."""
        if self._session is not None:
            self._session.kill()

    def close(self) -> None:
        """End whatever is left, for good."""
        self.kill()
