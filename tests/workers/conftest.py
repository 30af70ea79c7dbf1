"""A worker without Ray: storage, checkpoints and searches are real, a formula measures."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from search_service import catalog, jobs
from search_service.artifacts import Artifacts
from search_service.domain.job import Job
from search_service.domain.measurement import Measurement, MeasurementRequest
from search_service.domain.scoring import ScoreSpec
from search_service.domain.supernet import Supernet
from search_service.errors import ClusterUnavailable, NotFound
from search_service.pools import InlinePool
from search_service.queue import open_wake_ups
from search_service.storage import open_storage
from workers.checkpoint_uri import Checkpoint
from workers.driver import Driver
from workers.pool.spec import EvaluatorSpec
from workers.scoring.pools import InlineShards
from workers.scoring.work import ScoreWork

Weights = Mapping[str, NDArray[Any]]
ZOO = Path(__file__).parents[2] / "zoo" / "anycost-fashion32"


class FormulaPool(InlinePool):
    """FID is a sum over the text form."""

    image_protocols: Mapping[str, Any] = {"extractor": "formula"}

    def __init__(self, before: Callable[[], None]) -> None:
        super().__init__(self._formula)
        self._before = before
        self.closed = False
        self.rested = 0
        self.devices: set[str] = set()  # that an actor of it holds until it is closed

    def rest(self) -> None:
        """See SupernetPool."""
        self.rested += 1

    def close(self) -> None:
        """See SupernetPool."""
        self.closed = True
        self.devices.clear()

    def _formula(self, request: MeasurementRequest) -> Measurement:
        self._before()
        if request.device:
            self.devices.add(request.device)
        value = float(sum(map(ord, request.architecture)) % 97)
        return Measurement(
            value=value,
            low=value - 1,
            high=value + 1,
            protocol=request.protocol,
            samples=request.protocol.parameters.get("samples"),
            device=request.device,
            seconds=0.01,
        )


class OneProcess:
    """Machines whose pools measure in the calling thread, after calling `before`."""

    def __init__(self) -> None:
        self.pools: list[FormulaPool] = []
        self.protocols: dict[str, Mapping[str, Any]] = {}
        self.nodes: dict[str, set[str]] = {}  # by device, where it is not on the first
        self.calibrated: list[str] = []
        self.before: Callable[[], None] = lambda: None
        self.breaking: Callable[[], None] = lambda: None  # whatever a pool needs
        self.gone: list[str] = []  # one reason for each time that they will not be reached
        self.going: list[str] = []  # the same, that only `confirm` knows of

    def check(self) -> None:
        """See Machines."""
        if self.gone:
            raise ClusterUnavailable(self.gone[0])

    def living(self) -> list[str]:
        """See Machines."""
        return []

    def hold(self, processes: int, /, *, begun: bool = False) -> bool:
        """There is room for any."""
        return True

    def confirm(self) -> None:
        """Unlike `check` it knows at once."""
        self.check()
        if self.going:
            self.gone.append(self.going.pop())
            self.check()

    def reconnect(self) -> None:
        """See Machines."""
        self.gone.pop()
        self.check()

    def devices(self) -> Mapping[str, set[str]]:
        """See Devices."""
        return {device: self.nodes.get(device, {"first"}) for device in self.protocols}

    def calibrate(self, device: str, *, check: Callable[[], None]) -> Mapping[str, Any]:
        """See Devices."""
        held = any(device in pool.devices for pool in self.pools)
        assert not held, "this worker would wait for itself for ever"
        self.calibrated.append(device)
        if device not in self.protocols:
            raise NotFound(f"device {device} has left")
        return self.protocols[device]

    def pool(self, spec: EvaluatorSpec, *, check: Callable[[], None]) -> FormulaPool:
        """See Machines."""
        check()
        self.breaking()
        self.pools.append(FormulaPool(lambda: self.before()))
        return self.pools[-1]

    def shards(self, spec: ScoreSpec, checkpoint: Checkpoint | None) -> InlineShards:
        """See Machines."""
        self.before()
        return InlineShards(ScoreWork(spec=spec, read=checkpoint))


class Workplace:
    """A driver and what it works on."""

    def __init__(self, folder: Path) -> None:
        self.storage = open_storage("memory://")
        self.machines = OneProcess()
        self.folder = folder
        self.driver = self.hire("worker")

    def hire(self, name: str) -> Driver:
        """Another worker on the same storage."""
        return Driver(
            name=name,
            storage=self.storage,
            wake_ups=open_wake_ups(None),
            artifacts=Artifacts(str(self.folder / "artifacts")),
            cluster=self.machines,
            references=self.folder / "references",
            runs=self.folder / "runs",
        )

    def register(self, name: str = "net", **changes: Any) -> Supernet:
        """The shipped supernet, under this name."""
        described = json.loads((ZOO / "parameters.json").read_text())
        checkpoint = str(ZOO / "weights.safetensors")
        return catalog.register_supernet(
            **{**described, "name": name, "checkpoint": checkpoint, **changes},
            storage=self.storage,
            wake_ups=open_wake_ups(None),
        )

    def submit(self, **changes: Any) -> Job:
        """A small search."""
        spec: dict[str, Any] = {
            "supernet": "net",
            "objectives": [{"name": "fid"}, {"name": "macs"}],
            "searcher": {"name": "random"},
            "budget": {"evaluations": 12},
            "fidelity": {"samples": [64], "final_samples": 128},
            "parallelism": 3,
        }
        wake_ups = open_wake_ups(None)
        return jobs.submit("search", {**spec, **changes}, storage=self.storage, wake_ups=wake_ups)


@pytest.fixture(scope="module")
def lend() -> Iterator[Callable[[Weights], Weights]]:
    """Weights to be read only: none has been written when the module's tests have ended."""
    lent: list[tuple[Weights, Weights]] = []

    def do(weights: Weights) -> Weights:
        read_only = {name: array[...] for name, array in weights.items()}
        for array in read_only.values():
            array.flags.writeable = False
        lent.append((read_only, {name: array.copy() for name, array in weights.items()}))
        return read_only

    yield do
    for given, before in lent:
        for name, array in given.items():
            np.testing.assert_array_equal(array, before[name], err_msg=name)


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    """With no supernet yet."""
    return Workplace(tmp_path)
