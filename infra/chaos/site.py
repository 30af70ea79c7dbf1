"""The deployment: PostgreSQL, Redis, two replicas of the API, two workers, three Ray nodes."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from infra.chaos.component import Component, Kind
from infra.chaos.postgres import Postgres
from infra.chaos.ray_node import Head, Node
from infra.chaos.redis import Redis
from infra.chaos.service import Api, Worker
from infra.chaos.watching import Watching
from infra.chaos.workload import DEVICE
from infra.ports import free_ports
from search_service.storage import migrate

START_SECONDS = 300.0
LOOK_SECONDS = 0.1
REPLICAS, WORKERS, NODES = 2, 2, 2  # nodes besides the head
CPUS = 1  # of each node


class Site:
    """Its parts, and the folder in which all of them keep everything."""

    def __init__(self, folder: Path) -> None:
        """`folder` is made, with a short path: Ray's sockets lie below it. Starts the database,
        which gets its schema."""
        folder.mkdir()
        folder.chmod(0o755)  # PostgreSQL runs as another user where this one is root
        self.folder = folder
        self.data = folder / "data"
        head_port, dashboard, postgres, redis, *api_ports = free_ports(4 + REPLICAS)
        self.postgres = Postgres(folder / "pg", port=postgres, log=self._log("postgres"))
        self.watching = Watching(self.postgres.url)
        self.redis = Redis(folder, port=redis, log=self._log("redis"))
        head_folder = folder / "ray-0"
        self.head = Head(
            port=head_port,
            dashboard_port=dashboard,
            folder=head_folder,
            cpus=CPUS,
            log=self._log("head"),
        )
        self.nodes = [
            Node(
                f"node-{i}",
                head=self.head,
                folder=folder / f"ray-{i}",
                cpus=CPUS,
                log=self._log(f"node-{i}"),
                device=DEVICE if i == 1 else None,
            )
            for i in range(1, 1 + NODES)
        ]
        environment = self._environment()
        self.replicas = [
            Api(f"api-{i}", port=port, environment=environment, log=self._log(f"api-{i}"))
            for i, port in enumerate(api_ports, start=1)
        ]
        self.workers = [
            Worker(
                f"worker-{i}",
                present=lambda: self.watching.workers,
                environment=environment,
                log=self._log(f"worker-{i}"),
            )
            for i in range(1, 1 + WORKERS)
        ]

    @property
    def components(self) -> Sequence[Component]:
        """All parts, each after what it needs."""
        return [
            *(self.postgres, self.redis, self.head),
            *self.nodes,
            *self.replicas,
            *self.workers,
        ]

    def of_kind(self, kind: Kind) -> list[Component]:
        """One or more."""
        return [component for component in self.components if component.kind is kind]

    def start(self) -> None:
        """Everything, until all of it serves. Raises TimeoutError, naming what does not."""
        deadline = time.monotonic() + START_SECONDS
        self.postgres.start()
        self.redis.start()
        self.head.start()
        self._wait([self.postgres], deadline)
        migrate(self.postgres.url)
        self.watching.start()
        for replica in self.replicas:
            replica.start()
        self._wait([self.head], deadline)
        for parts in (self.nodes, self.workers):
            for part in parts:
                part.start()
            self._wait(parts, deadline)
        self._wait(self.components, deadline)
        while DEVICE not in self.watching.devices:
            if time.monotonic() > deadline:
                raise TimeoutError(f"no worker timed {DEVICE}; see the logs in {self.folder}")
            time.sleep(LOOK_SECONDS)

    def leave(self, seconds: float) -> None:
        """SIGTERM to the workers and the replicas. Raises TimeoutError for one that stays."""
        leaving = (*self.workers, *self.replicas)
        for component in leaving:
            component.session.terminate()
        for component in leaving:
            if component.session.wait(seconds) is None:
                raise TimeoutError(f"{component.name} outlives SIGTERM by {seconds:g} s")

    def close(self) -> None:
        """End whatever is left."""
        for component in reversed(self.components):
            component.close()
        self.watching.close()

    def _wait(self, components: Sequence[Component], deadline: float) -> None:
        waiting = list(components)
        while waiting := [component for component in waiting if not component.serves()]:
            for component in waiting:
                if component.ended:  # Ray gives a start up after half a minute on a busy machine
                    component.kill()
                    component.start()
            if time.monotonic() > deadline:
                names = ", ".join(component.name for component in waiting)
                raise TimeoutError(f"{names} did not start; see the logs in {self.folder}")
            time.sleep(LOOK_SECONDS)

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _environment(self) -> dict[str, str]:
        """Of the service's processes."""
        own = {name: v for name, v in os.environ.items() if not name.startswith("GANSEARCH_")}
        return own | {
            "GANSEARCH_DATA_DIR": str(self.data),
            "GANSEARCH_DATABASE_URL": self.postgres.url,
            "GANSEARCH_REDIS_URL": self.redis.url,
            "GANSEARCH_RAY_ADDRESS": self.head.address,
            "OMP_NUM_THREADS": "1",
        }
