"""Seats without networks: they take what an architecture's text says, and may die of it. Nodes that
come and go."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import ray

from infra.ports import free_port
from search_service.domain.measurement import MeasurementRequest, Protocol
from tests.support.neighbours import CORES
from tests.support.processes import titled
from tests.support.waiting import until

if TYPE_CHECKING:
    from workers.pool.cluster import Cluster

GROUND = Path(__file__).with_name("ground.py")
SOON = {  # a node that is killed is missed after some 2 seconds
    "RAY_health_check_initial_delay_ms": "0",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "2000",
    "RAY_health_check_failure_threshold": "3",
}


def request(architecture: str, *, device: str = "") -> MeasurementRequest:
    return MeasurementRequest(
        supernet="sup_1",
        supernet_digest="d",
        architecture=architecture,
        protocol=Protocol(objective="fid", parameters={}),
        device=device,
    )


def light_seats(
    *, cpus: float = 1, gpus: float = 0, weights: Any = None, seconds: float = 0.0
) -> Callable[[str], Any]:
    """A maker of actors. The value that a request gets is the length of its architecture's text;
    `die` kills the process, `sleep` takes an hour, `wait PATH` waits until there is a file,
    and leaves a mark in `PATH.waiting`; `die TIMES PATH` does that once it has died as often.
    Each takes `seconds` besides. Details say where it was done.
    """

    class Seat:  # in a function, so that Ray carries it by value
        def __init__(self, weights: Any) -> None:
            self.weights = weights

        def join(self) -> Any:
            from types import SimpleNamespace  # ours would have it import torch

            node = ray.get_runtime_context().get_node_id()
            return SimpleNamespace(node=node, image_protocols={"extractor": "length"})

        def measure(self, request: Any) -> Any:
            import os
            import signal
            import time
            from pathlib import Path

            from search_service.domain.measurement import Measurement

            word, *rest = request.architecture.split()
            if word == "die" and rest:
                with open(rest[1] + ".deaths", "a+") as deaths:
                    deaths.seek(0)
                    survives = len(deaths.read()) >= int(rest[0])
                    deaths.write("x")
                word = "wait" if survives else "die"
            if word.startswith("die"):
                os.kill(os.getpid(), signal.SIGKILL)
            if word.startswith("sleep"):
                time.sleep(3600)
            if word == "wait":
                with open(rest[-1] + ".waiting", "a") as waiting:
                    waiting.write("x")
            while word == "wait" and not Path(rest[-1]).exists():
                time.sleep(0.02)
            time.sleep(seconds)
            value = float(len(request.architecture))
            weights = self.weights or {}
            return Measurement(
                value=value,
                low=value,
                high=value,
                protocol=request.protocol,
                seconds=seconds,
                samples=request.protocol.parameters.get("samples"),
                details={
                    "process": os.getpid(),
                    "node": ray.get_runtime_context().get_node_id(),
                    "gpus": ray.get_gpu_ids(),
                    "sums": {name: float(array.sum()) for name, array in weights.items()},
                    "own": [name for name, array in weights.items() if array.flags.writeable],
                    "private_kib": sum(
                        int(line.split()[1])
                        for line in Path("/proc/self/smaps_rollup").read_text().splitlines()
                        if line.startswith("Anonymous:")
                    ),
                },
            )

    def make(device: str) -> Any:
        resources = {f"device:{device}": 1} if device else {}
        options = {"num_cpus": 0 if device else cpus, "num_gpus": 0 if device else gpus}
        return ray.remote(Seat).options(**options, resources=resources).remote(weights)

    return make


class Nodes:
    """Those of one cluster, which is at `address`."""

    def __init__(self, ground: "subprocess.Popen[str]", port: int) -> None:
        self._ground = ground
        self.port = port
        host = ray.util.get_node_ip_address()  # type: ignore[no-untyped-call]  # Ray's
        self.address = f"{host}:{port}"

    def head(self, **given: Any) -> int:
        """Without processors, at the address; its number."""
        return self.add(num_cpus=0, gcs_server_port=self.port, **given)

    def add(self, **given: Any) -> int:
        """A node with these parameters of Ray's; its number."""
        return self._do({"add": given})

    def kill(self, number: int) -> None:
        """As a power cut would."""
        self._do({"kill": number})

    def _do(self, order: dict[str, Any]) -> int:
        assert self._ground.stdin is not None
        assert self._ground.stdout is not None
        self._ground.stdin.write(json.dumps(order) + "\n")
        self._ground.stdin.flush()
        return int(self._ground.stdout.readline())


@contextmanager
def nodes_on_ground(**environment: str) -> Iterator[Nodes]:
    """No node yet; in the end there is none any more."""
    port = free_port()
    ground = subprocess.Popen(
        [sys.executable, GROUND],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            **SOON,
            "RAY_USAGE_STATS_ENABLED": "0",
            "OMP_NUM_THREADS": "1",
            **environment,
        },
    )
    try:
        yield Nodes(ground, port)
    finally:
        assert ground.stdin is not None
        assert ground.stdout is not None
        ground.stdin.close()
        ground.wait()
        ground.stdout.close()


@pytest.fixture(scope="session")
def seats() -> Callable[..., Callable[[str], Any]]:
    return light_seats


@pytest.fixture(scope="session")
def ask_for() -> Callable[..., MeasurementRequest]:
    return request


@pytest.fixture(scope="session")
def on_ground() -> Any:
    return nodes_on_ground


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    """A head, and a node with cores."""
    with nodes_on_ground() as nodes:
        nodes.head()
        nodes.add(num_cpus=CORES)
        yield nodes


@pytest.fixture(scope="module")
def cluster(nodes: Nodes) -> "Iterator[Cluster]":
    """Joined, with both nodes seen."""
    from workers.pool.cluster import Cluster  # not where seats are all that is wanted

    with closing(Cluster(nodes.address)) as cluster:
        until(lambda: sum(node.alive for node in cluster.nodes()) == 2)
        yield cluster


@pytest.fixture(scope="session")
def processes() -> Callable[[str], list[int]]:
    return titled
