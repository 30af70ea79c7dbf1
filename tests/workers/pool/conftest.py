"""Seats without networks: they take what an architecture's text says, and may die of it."""

from collections.abc import Callable
from typing import Any

import pytest
import ray

from search_service.domain.measurement import MeasurementRequest, Protocol


def request(architecture: str, *, device: str = "") -> MeasurementRequest:
    return MeasurementRequest(
        supernet="sup_1",
        supernet_digest="d",
        architecture=architecture,
        protocol=Protocol(objective="fid", parameters={}),
        device=device,
    )


def light_seats(*, cpus: float = 1, gpus: float = 0, weights: Any = None) -> Callable[[str], Any]:
    """A maker of actors. The value that a request gets is the length of its architecture's text;
    `die` kills the process, `sleep` takes a minute, `node` is answered with a number of the node.
    """

    class Seat:  # in a function, so that Ray carries it by value
        def __init__(self, weights: Any) -> None:
            self.weights = weights

        def join(self) -> Any:
            from workers.pool.seated import Seated

            node = ray.get_runtime_context().get_node_id()
            return Seated(node=node, image_protocols={})

        def measure(self, request: Any) -> Any:
            import os
            import signal
            import time

            from search_service.domain.measurement import Measurement

            text = request.architecture
            if text.startswith("die"):
                os.kill(os.getpid(), signal.SIGKILL)
            if text.startswith("sleep"):
                time.sleep(60)
            value = float(len(text))
            return Measurement(
                value=value,
                low=value,
                high=value,
                protocol=request.protocol,
                seconds=0.0,
                details={"process": os.getpid(), "node": ray.get_runtime_context().get_node_id()},
            )

    def make(device: str) -> Any:
        resources = {f"device:{device}": 1} if device else {}
        options = {"num_cpus": 0 if device else cpus, "num_gpus": 0 if device else gpus}
        return ray.remote(Seat).options(**options, resources=resources).remote(weights)

    return make


@pytest.fixture(scope="session")
def seats() -> Callable[..., Callable[[str], Any]]:
    return light_seats


@pytest.fixture(scope="session")
def ask_for() -> Callable[..., MeasurementRequest]:
    return request
