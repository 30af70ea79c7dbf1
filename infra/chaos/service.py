"""The service's own processes: replicas of the API, and workers."""

import socket
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import httpx

from infra.chaos.component import Component, Kind
from infra.chaos.session import Session

FOLLOWED = "; another follows"  # a worker says it of a process that died
READY = "ready for jobs"  # and this once it has timed the devices
PROGRAM = (sys.executable, "-P", "-m", "search_service.cli")


class Api(Component):
    """`gansearch api` at a port of its own."""

    kind = Kind.API
    needs = frozenset({Kind.POSTGRES})

    def __init__(self, name: str, *, port: int, environment: Mapping[str, str], log: Path) -> None:
        super().__init__(name)
        self._port, self._environment, self._log = port, environment, log
        self.url = f"http://127.0.0.1:{port}"
        self._client = httpx.Client(timeout=1.0, trust_env=False)  # to make one takes long

    def launch(self) -> Session:
        words = [*PROGRAM, "api", "--port", str(self._port)]
        return Session(words, environment=self._environment, log=self._log)

    def serves(self) -> bool:
        try:
            return self._client.get(f"{self.url}/readyz").is_success
        except httpx.TransportError:
            return False

    def close(self) -> None:
        super().close()
        self._client.close()


class Worker(Component):
    """`gansearch worker`; it serves while the database knows its process as present, from when it
    says that it is ready."""

    kind = Kind.WORKER
    needs = frozenset({Kind.POSTGRES, Kind.HEAD})

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
        self._read = 0  # bytes of the log
        self._said = 0  # bytes of it before the present start

    def launch(self) -> Session:
        self._said = self._log.stat().st_size if self._log.exists() else 0
        return Session([*PROGRAM, "worker"], environment=self._environment, log=self._log)

    def serves(self) -> bool:
        with self._log.open("rb") as log:
            log.seek(self._said)
            if READY.encode() not in log.read():
                return False
        host, present = socket.gethostname(), self._present()
        return any(f"{host}-{process}" in present for process in self.session.processes)

    def losses(self) -> list[str]:
        if not self._log.exists():
            return []
        with self._log.open("rb") as log:
            log.seek(self._read)
            said = log.read()
        self._read += len(said)
        return [line for line in said.decode(errors="replace").splitlines() if FOLLOWED in line]
