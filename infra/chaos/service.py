"""The service's own processes: replicas of the API, and workers."""

import socket
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import httpx

from infra.chaos.component import Component, Kind
from infra.chaos.session import Session

PROGRAM = (sys.executable, "-P", "-m", "search_service.cli")


class Api(Component):
    """`gansearch api` at a port of its own."""

    kind = Kind.API

    def __init__(self, name: str, *, port: int, environment: Mapping[str, str], log: Path) -> None:
        super().__init__(name)
        self._port, self._environment, self._log = port, environment, log
        self.url = f"http://127.0.0.1:{port}"

    def launch(self) -> Session:
        words = [*PROGRAM, "api", "--port", str(self._port)]
        return Session(words, environment=self._environment, log=self._log)

    def serves(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=1.0, trust_env=False).is_success
        except httpx.TransportError:
            return False


class Worker(Component):
    """`gansearch worker`; it serves while the database knows it as present."""

    kind = Kind.WORKER

    def __init__(
        self,
        name: str,
        *,
        present: Callable[[], Collection[str]],
        environment: Mapping[str, str],
        log: Path,
    ) -> None:
        """`present` gives the names of the workers that the database knows as present."""
        super().__init__(name)
        self._present, self._environment, self._log = present, environment, log

    def launch(self) -> Session:
        return Session([*PROGRAM, "worker"], environment=self._environment, log=self._log)

    def serves(self) -> bool:
        return f"{socket.gethostname()}-{self.session.pid}" in self._present()
