"""A whole search in one process: real storage, searcher and loop; a formula instead of networks."""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from search_service import catalog, jobs, searchers
from search_service.artifacts import Artifacts
from search_service.domain.ids import new_id
from search_service.domain.job import Claim, Ended, Job
from search_service.domain.measurement import Measurement, MeasurementRequest
from search_service.domain.spec import SearchSpec
from search_service.domain.supernet import Device, Supernet, SupernetStatus
from search_service.errors import MeasurementFailed
from search_service.pools import InlinePool, Pool
from search_service.queue import open_wake_ups
from search_service.search import Search
from search_service.search.plan import Plan
from search_service.searchers.base import Problem
from search_service.spaces.feasibility import admits
from search_service.storage import open_storage
from search_service.storage.base import Storage
from search_service.storage.clock import Clock, utc_now

PARAMETERS = {"resolution": 32, "channel_multiplier": 1 / 16, "channel_max": 256}


def noise(*parts: object) -> float:
    """A number in [0, 1) that depends on the parts alone."""
    digest = hashlib.sha256("|".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


@dataclass
class Laboratory:
    """Measures by formula, and counts what it was asked for."""

    space: Any
    failing: Callable[[str], bool] = lambda text: False
    requests: list[MeasurementRequest] = field(default_factory=list)

    def measure(self, request: MeasurementRequest) -> Measurement:
        """FID falls with MACs, is biased by 1/samples, and has noise of its own."""
        self.requests.append(request)
        text = request.architecture
        if self.failing(text):
            raise MeasurementFailed(f"architecture {text} makes images with NaN or inf")
        share = self.space.macs(self.space.parse(text)) / 1e8
        asked = request.protocol.parameters
        if request.protocol.objective == "latency_ms":
            value = 1 + 10 * share + noise(text, "latency")
            return Measurement(
                value=value,
                low=value * 0.99,
                high=value * 1.01,
                protocol=request.protocol,
                device=request.device,
                seconds=0.1,
            )
        samples = asked["samples"]
        true = 5 + 20 * (1 - share) ** 2 + 4 * noise(text)
        value = true + 500 / samples + noise(text, samples, asked["seed"]) * 20 / samples**0.5
        return Measurement(
            value=value,
            low=value - 20 / samples**0.5,
            high=value + 20 / samples**0.5,
            protocol=request.protocol,
            samples=samples,
            seconds=samples / 1000,
            images_png=text.encode(),
        )


@dataclass
class World:
    """Storage with a ready supernet and a device, and what is needed to run jobs on it."""

    storage: Storage
    artifacts: Artifacts
    laboratory: Laboratory
    supernet: Supernet

    def submit(self, **changes: Any) -> Job:
        """A job of a small search, changed at the top level of its spec."""
        spec: dict[str, Any] = {
            "supernet": self.supernet.id,
            "objectives": [{"name": "fid"}, {"name": "macs"}],
            "budget": {"evaluations": 40},
            "fidelity": {"samples": [128, 512], "final_samples": 2048},
            "parallelism": 6,
        }
        wake_ups = open_wake_ups(None)
        return jobs.submit("search", {**spec, **changes}, storage=self.storage, wake_ups=wake_ups)

    def run(
        self,
        *,
        order: int | None = None,
        check: Callable[[], None] = lambda: None,
        lease_seconds: float = 0,
        measure: Callable[[MeasurementRequest], Measurement] | None = None,
        pool: Pool | None = None,
        drain_seconds: float | None = None,
    ) -> tuple[Claim, Ended]:
        """Claim the next job and search, outcomes coming in as `order` shuffles them; when it is
        stopped it drains, if that is asked for."""
        claim = self.storage.jobs.claim(worker="w", lease_seconds=lease_seconds)
        assert claim is not None
        spec = SearchSpec.from_json(claim.job.spec)
        space = catalog.space_of(self.supernet)
        problem = Problem(
            space=space, objectives=len(spec.objectives), admits=admits(space, spec.constraints)
        )
        search = Search(
            claim=claim,
            plan=Plan(
                spec=spec,
                supernet=self.supernet,
                space=space,
                devices={d.name: d for d in self.storage.devices.all()},
            ),
            searcher=searchers.build(
                spec.searcher.name,
                problem=problem,
                seed=spec.seed,
                window=spec.parallelism,
                parameters=spec.searcher.parameters,
            ),
            first=[],
            storage=self.storage,
            pool=pool or InlinePool(measure or self.laboratory.measure, seed=order),
            artifacts=self.artifacts,
            check=check,
        )
        with closing(search):
            try:
                ended = search.run()
            except Exception:
                if drain_seconds is not None:
                    search.drain(drain_seconds)
                raise
        self.storage.jobs.finish(claim, state=ended.state, reason=ended.reason)
        return claim, ended

    def outcome(
        self, job: Job
    ) -> tuple[list[tuple[Any, ...]], list[tuple[str, Mapping[str, Any]]]]:
        """What a job found, without ids and times: evaluations by number, and the front."""
        evaluations = self.storage.evaluations.of_job(job.id)
        front = self.storage.evaluations.front_of(job.id)
        return (
            [
                (e.number, e.architecture, e.state, e.rung, dict(e.values), dict(e.final_values))
                for e in evaluations
            ],
            sorted((e.architecture, dict(e.best_values)) for e in front),
        )


@pytest.fixture
def make_world(tmp_path: Path) -> Callable[..., World]:
    """Each call opens an empty one of its own."""
    count = iter(range(100))

    def make(clock: Clock = utc_now) -> World:
        folder = tmp_path / str(next(count))
        storage = open_storage("memory://", clock=clock)
        now = datetime.now(UTC)
        supernet = Supernet(
            id=new_id("sup"),
            name="net",
            family="anycost",
            parameters=PARAMETERS,
            checkpoint="file.safetensors",
            dataset="fashion-mnist-32",
            feature_extractor="fashion-classifier",
            created_at=now,
        )
        storage.supernets.add(supernet)
        supernet = Supernet(
            **{
                **vars(supernet),
                "status": SupernetStatus.READY,
                "digest": "d" * 64,
                "protocol": {"extractor": "x"},
            }
        )
        storage.supernets.settle(supernet)
        device = Device(
            id=new_id("dev"), name="cpu", protocol={"reference_ms": 1.0}, created_at=now
        )
        storage.devices.put(device)
        return World(
            storage=storage,
            artifacts=Artifacts(str(folder / "artifacts")),
            laboratory=Laboratory(catalog.space_of(supernet)),
            supernet=supernet,
        )

    return make


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """An empty one."""
    return make_world()
