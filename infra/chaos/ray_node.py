"""Nodes of a Ray cluster, each with processes, files and a session of its own."""

import json
import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from infra.chaos.component import Component, Kind
from infra.chaos.session import Session

STARTED = b"Ray runtime started."
STORE_BYTES = 100_000_000
# A node that says nothing for about six seconds is dead, as its successor must not wait for long.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "RAY_AUTH_MODE": "disabled",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_health_check_failure_threshold": "3",
    "RAY_health_check_initial_delay_ms": "3000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "2000",
    "RAY_worker_niceness": "0",  # or a busy machine starves it
    # A node whose head has gone ends soon, so that it can join the next one.
    "RAY_gcs_rpc_server_reconnect_timeout_s": "8",
}


class _Node(Component):
    """`ray start --block`. Its words are those of Ray's own command, by this Python."""

    def __init__(self, name: str, *, folder: Path, cpus: int, log: Path) -> None:
        super().__init__(name)
        self._folder, self._cpus, self._log = folder, cpus, log
        self._said = 0  # bytes of the log before the present start

    def launch(self) -> Session:
        self._keep_words()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._said = self._log.stat().st_size if self._log.exists() else 0
        words = [
            *(sys.executable, "-P", "-m", "ray.scripts.scripts", "start", "--block"),
            *("--node-ip-address=127.0.0.1", f"--num-cpus={self._cpus}"),
            *(f"--object-store-memory={STORE_BYTES}", f"--temp-dir={self._folder}"),
            *("--disable-usage-stats", "--include-log-monitor=false", *self._place()),
        ]
        return Session(words, environment=os.environ | ENVIRONMENT, log=self._log)

    def serves(self) -> bool:
        if self.ended:
            return False
        with self._log.open("rb") as log:
            log.seek(self._said)
            return STARTED in log.read()

    def _place(self) -> Sequence[str]:
        raise NotImplementedError

    def _keep_words(self) -> None:
        """What Ray's core had to say within workers, which may say it still."""
        kept = self._folder.with_name("drivers")
        kept.mkdir(exist_ok=True)
        for path in self._folder.glob("session_2*/logs/python-core-driver*"):
            path.rename(kept / f"{time.time():.0f}-{path.name}")


class Head(_Node):
    """Without the others' memory: what a killed head knew is gone."""

    kind = Kind.HEAD

    def __init__(
        self, *, port: int, dashboard_port: int, folder: Path, cpus: int, log: Path
    ) -> None:
        super().__init__("head", folder=folder, cpus=cpus, log=log)
        self._port, self._dashboard_port = port, dashboard_port
        self.address = f"127.0.0.1:{port}"

    def _place(self) -> Sequence[str]:
        return [
            *("--head", f"--port={self._port}", "--include-dashboard=false", "--no-monitor"),
            f"--dashboard-port={self._dashboard_port}",
        ]


class Node(_Node):
    """One that joins the head."""

    kind = Kind.NODE
    needs = frozenset({Kind.HEAD})

    def __init__(
        self,
        name: str,
        *,
        head: Head,
        folder: Path,
        cpus: int,
        log: Path,
        device: str | None = None,
    ) -> None:
        """`device` is what latency is timed on there, if it is."""
        super().__init__(name, folder=folder, cpus=cpus, log=log)
        self._head = head
        self._resources = {f"device:{device}": 1} if device else {}

    def _place(self) -> Sequence[str]:
        return [
            f"--address={self._head.address}",
            f"--resources={json.dumps(self._resources)}",
        ]
