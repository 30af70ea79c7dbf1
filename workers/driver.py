"""The worker: settle supernets, claim jobs, run them over the cluster, hand back what is left."""

import hashlib
import logging
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsspec
import safetensors.numpy
from safetensors import SafetensorError

from search_service import catalog, searchers, telemetry
from search_service.artifacts import Artifacts
from search_service.domain.ids import new_id
from search_service.domain.job import Claim, JobState
from search_service.domain.objective import Source, objective
from search_service.domain.space import Architecture
from search_service.domain.spec import Constraint, ObjectiveSpec, SearchSpec
from search_service.domain.supernet import Device, Supernet, SupernetStatus
from search_service.errors import GansearchError, InvalidFile, InvalidInput, LostClaim
from search_service.queue import WakeUps
from search_service.search import Ended, Search
from search_service.search.plan import Plan
from search_service.searchers.base import Problem
from search_service.spaces.feasibility import admits
from search_service.storage.base import Storage
from workers.evaluation import Judging
from workers.pool import Cluster, EvaluatorSpec, RayPool

logger = logging.getLogger(__name__)

LEASE_SECONDS = 15.0
RENEW_SECONDS = 2.0  # also how soon a cancelled or paused job is noticed
IDLE_SECONDS = 1.0  # between two looks at an empty queue


class Draining(Exception):
    """The worker was asked to stop: the job is handed back, its records kept."""


class Driver:
    """One worker process. `stop` ends `run` after handing back what is in hand."""

    def __init__(
        self,
        *,
        name: str,
        storage: Storage,
        wake_ups: WakeUps,
        artifacts: Artifacts,
        cluster: Cluster,
        references: Path,
    ) -> None:
        self._name = name
        self._storage = storage
        self._wake_ups = wake_ups
        self._artifacts = artifacts
        self._cluster = cluster
        self._references = references
        self._pool: tuple[str, RayPool] | None = None  # of the supernet with this id
        self.stop = threading.Event()

    def run(self) -> None:
        """Work until stopped. The devices must have been registered."""
        while not self.stop.is_set():
            if not self.turn():
                self._wake_ups.wait(IDLE_SECONDS)

    def turn(self) -> bool:
        """Settle what is pending and run one job; False when there was none."""
        for supernet in self._storage.supernets.pending():
            self._storage.supernets.settle(self.settled(supernet))
        claim = self._storage.jobs.claim(worker=self._name, lease_seconds=LEASE_SECONDS)
        if claim is None:
            return False
        self._work(claim)
        return True

    def register_devices(self) -> None:
        """Calibrate the cluster's devices that are new, or whose protocol has changed since."""
        known = {device.name: device for device in self._storage.devices.all()}
        for name in self._cluster.devices():
            protocol = self._cluster.calibrate(name)
            if name in known and _same_but_scale(known[name].protocol, protocol):
                continue  # keep its scale: values of two calibrations would not compare
            device = Device(
                id=new_id("dev"), name=name, protocol=protocol, created_at=datetime.now(UTC)
            )
            self._storage.devices.put(device)

    def settled(self, supernet: Supernet) -> Supernet:
        """Load a checkpoint and say what it is worth: ready with its digest, or invalid."""
        try:
            digest = _digest(supernet.checkpoint)
            protocol = self._pool_for(supernet).fid_protocol
        except InvalidInput as error:
            logger.warning("supernet invalid", extra={"supernet": supernet.id})
            return replace(supernet, status=SupernetStatus.INVALID, reason=str(error))
        return replace(
            supernet, status=SupernetStatus.READY, digest=digest, protocol=dict(protocol)
        )

    def _work(self, claim: Claim) -> None:
        """Run a claimed job to its end, or until the claim is lost or the worker drains."""
        heart = Heartbeat(claim, storage=self._storage, stop=self.stop)
        logger.info("claimed", extra={"job": claim.job.id, "fence": claim.fence})
        try:
            with heart:
                ended = self._search(claim, heart)
            job = self._storage.jobs.finish(claim, state=ended.state, reason=ended.reason)
            if job.started_at is not None and job.finished_at is not None:
                telemetry.observe_job((job.finished_at - job.started_at).total_seconds())
        except LostClaim:
            logger.info("claim ended", extra={"job": claim.job.id})
        except Draining:
            self._release(claim)
        except GansearchError as error:
            self._fail(claim, str(error))
        except Exception as error:
            logger.exception("job failed", extra={"job": claim.job.id})
            self._fail(claim, f"{type(error).__name__}: {error}".splitlines()[0])

    def _search(self, claim: Claim, heart: "Heartbeat") -> Ended:
        spec = SearchSpec.from_json(claim.job.spec)
        supernet = self._storage.supernets.get(spec.supernet)
        if supernet.status is not SupernetStatus.READY:
            return Ended(
                state=JobState.FAILED,
                reason=f"supernet {supernet.name!r} is {supernet.status}: {supernet.reason}",
            )
        space = catalog.space_of(supernet)
        named: list[ObjectiveSpec | Constraint] = [*spec.objectives, *spec.constraints]
        plan = Plan(
            spec=spec,
            supernet=supernet,
            space=space,
            devices={
                o.device: self._storage.devices.get(o.device)
                for o in named
                if objective(o.name).source is Source.DEVICE
            },
        )
        problem = Problem(
            space=space,
            objectives=len(spec.objectives),
            admits=admits(space, spec.constraints),
        )
        search = Search(
            claim=claim,
            plan=plan,
            searcher=searchers.build(
                spec.searcher.name,
                problem=problem,
                seed=spec.seed,
                window=spec.parallelism,
                parameters=spec.searcher.parameters,
            ),
            first=self._warm_start(spec, problem),
            storage=self._storage,
            pool=self._pool_for(supernet),
            artifacts=self._artifacts,
            check=heart.check,
        )
        return search.run()

    def _warm_start(self, spec: SearchSpec, problem: Problem) -> list[Architecture]:
        """Fronts of ended jobs, in order, without repeats or what the constraints exclude."""
        texts = [
            e.architecture
            for job in spec.warm_start
            for e in sorted(self._storage.evaluations.front_of(job), key=lambda e: e.number)
        ]
        architectures = map(problem.space.parse, dict.fromkeys(texts))
        return [a for a in architectures if problem.admits(a)]

    def _pool_for(self, supernet: Supernet) -> RayPool:
        """The actors of the last supernet are kept for the next job on it."""
        if self._pool is not None:
            kept, pool = self._pool
            if kept == supernet.id:
                return pool
            pool.close()
            self._pool = None
        name, _, path = supernet.feature_extractor.partition(":")
        spec = EvaluatorSpec(
            family=supernet.family,
            parameters=supernet.parameters,
            weights=_weights(supernet.checkpoint),
            judging=Judging(
                dataset=supernet.dataset,
                feature_extractor=name,
                extractor_file=Path(path) if path else None,
                references=self._references,
            ),
        )
        pool = self._cluster.pool(spec)
        self._pool = (supernet.id, pool)
        telemetry.set_workers(pool.judges)
        return pool

    def _release(self, claim: Claim) -> None:
        try:
            self._storage.jobs.release(claim)
        except LostClaim:
            logger.info("claim ended while draining", extra={"job": claim.job.id})

    def _fail(self, claim: Claim, reason: str) -> None:
        try:
            self._storage.jobs.finish(claim, state=JobState.FAILED, reason=reason)
        except LostClaim:
            logger.info("claim ended before its failure", extra={"job": claim.job.id})


class Heartbeat:
    """Renews a claim from its own thread; `check` tells the working thread when to stop."""

    def __init__(self, claim: Claim, *, storage: Storage, stop: threading.Event) -> None:
        self._claim = claim
        self._storage = storage
        self._stop = stop
        self._lost = threading.Event()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def check(self) -> None:
        """Raises LostClaim when the claim has ended, Draining when the worker is to stop."""
        if self._lost.is_set():
            raise LostClaim(f"job {self._claim.job.id} is no longer this worker's")
        if self._stop.is_set():
            raise Draining

    def _beat(self) -> None:
        while not self._done.wait(RENEW_SECONDS):
            try:
                self._claim = self._storage.jobs.renew(self._claim, lease_seconds=LEASE_SECONDS)
            except LostClaim:
                self._lost.set()
                return


def _weights(uri: str) -> Mapping[str, Any]:
    catalog.check_checkpoint(uri)
    try:
        return safetensors.numpy.load(_read(uri))
    except SafetensorError as error:
        raise InvalidFile(f"{uri} is not a safetensors file: {error}") from error


def _digest(uri: str) -> str:
    catalog.check_checkpoint(uri)
    return hashlib.sha256(_read(uri)).hexdigest()


def _read(uri: str) -> bytes:
    with fsspec.open(uri, "rb") as file:
        content: bytes = file.read()
    return content


def _same_but_scale(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    return {**a, "reference_ms": 0} == {**b, "reference_ms": 0}
