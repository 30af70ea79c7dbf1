"""The worker: settle supernets, claim jobs, have them run by kind, hand back what is left."""

import logging
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Protocol

from search_service import telemetry
from search_service.artifacts import Artifacts
from search_service.domain.job import Claim, Ended, Job, JobState
from search_service.domain.scoring import ScoreSpec
from search_service.errors import (
    ClusterUnavailable,
    GansearchError,
    LostClaim,
    StorageUnavailable,
)
from search_service.queue import WakeUps
from search_service.storage.base import Storage
from workers.checkpoint_uri import Checkpoint
from workers.heartbeat import LEASE_SECONDS, Draining, Heartbeat
from workers.kept_pool import KeptPool, SupernetPool
from workers.pool.spec import EvaluatorSpec
from workers.runners import RUNNERS, Means
from workers.scoring.pools import ShardPool
from workers.settling import Devices, register_devices, settle_supernets

logger = logging.getLogger(__name__)

IDLE_SECONDS = 1.0  # between two looks at an empty queue
TIME_AGAIN_SECONDS = 60.0  # between two tries to time a device that is there
REJOIN_SECONDS = 2.0  # between two tries to reach a cluster


class Machines(Devices, Protocol):
    """What measures: `workers.pool.Cluster` is one."""

    def pool(self, spec: EvaluatorSpec, *, check: Callable[[], None]) -> SupernetPool:
        """See MakePool."""
        ...

    def shards(self, spec: ScoreSpec, checkpoint: Checkpoint | None) -> ShardPool:
        """Actors for one scoring; `checkpoint` is its generator's, where there is one."""
        ...

    def living(self) -> Collection[str]:
        """Their ids, as they are now."""
        ...

    def hold(self, processes: int, /, *, begun: bool = False) -> bool:
        """See Hold."""
        ...

    def check(self) -> None:
        """Raises ClusterUnavailable when they have gone."""
        ...

    def confirm(self) -> None:
        """The same, of now: waits for an answer."""
        ...

    def reconnect(self) -> None:
        """Join those that are there now; raises ClusterUnavailable when there are none yet."""
        ...


class Driver:
    """One worker process. `stop` ends `run` after handing back what is in hand."""

    def __init__(
        self,
        *,
        name: str,
        storage: Storage,
        wake_ups: WakeUps,
        artifacts: Artifacts,
        cluster: Machines,
        references: Path,
        runs: Path,
        drain_seconds: float = 0.0,
    ) -> None:
        """`references` is the folder of reference statistics that are computed here, `runs` that of
        trainings, which all nodes that train must see. `drain_seconds` is how long measurements
        under way may take to their end once the worker is to stop."""
        self._name = name
        self._storage = storage
        self._wake_ups = wake_ups
        self._artifacts = artifacts
        self._cluster = cluster
        self._runs = runs
        self._references = references
        self._drain_seconds = drain_seconds
        self._pool = KeptPool(cluster.pool, references=references)
        self._devices: dict[str, frozenset[str]] = {}  # timed; the nodes that then had them
        self._untimed: dict[str, float] = {}  # those that could not be, and when to try again
        self.stop = threading.Event()

    def run(self) -> None:
        """Work until stopped. The devices must have been registered. A store or a cluster that is
        away is waited for."""
        while not self.stop.is_set():
            try:
                busy = self._turn_if_stored()
            except ClusterUnavailable as error:
                self._rejoin(str(error))
                busy = True
            except Draining:
                return
            except Exception as error:
                # What breaks, in whatever way, because the cluster has gone ends no worker.
                if self._cluster_is_there():
                    raise
                self._rejoin(_words(error))
                busy = True
            if not busy:
                self._wake_ups.wait(IDLE_SECONDS)

    def _turn_if_stored(self) -> bool:
        """What a store that is away leaves idle is given back."""
        try:
            return self.turn()
        except StorageUnavailable as error:
            logger.warning("waiting for the store", extra={"reason": str(error)})
            self._pool.rest()
            return False

    def turn(self) -> bool:
        """Settle what is pending and run one job; False when there was none. Raises
        ClusterUnavailable, the job handed back, and Draining when none was taken yet."""
        self._cluster.check()
        if self._new_devices():
            self.register_devices()
        self._settle()
        claim = self._storage.jobs.claim(worker=self._name, lease_seconds=LEASE_SECONDS)
        if claim is None:
            self._pool.rest()
            return False
        self._work(claim)
        return True

    def register_devices(self) -> None:
        """Calibrate the cluster's devices that this worker has not met, or on other nodes. Raises
        Draining when it is to stop before that is done."""
        nodes = self._cluster.devices()
        new = self._new_devices()
        self._pool.close()  # its actors keep devices between jobs: we would wait for ourselves
        timed = register_devices(
            sorted(new), cluster=self._cluster, storage=self._storage, check=self._check_stop
        )
        for device in timed:
            self._devices[device] = frozenset(nodes.get(device, ()))
        self._untimed |= dict.fromkeys(new - timed, time.monotonic() + TIME_AGAIN_SECONDS)

    def _new_devices(self) -> set[str]:
        """Those of the cluster that are to be timed now: one that none of the nodes offers any more
        that did, for a node may come back with other software; a broken one now and then."""
        found, now = self._cluster.devices(), time.monotonic()
        self._untimed = {d: at for d, at in self._untimed.items() if d in found and now < at}
        met = {d for d, nodes in self._devices.items() if not nodes.isdisjoint(found.get(d, ()))}
        return found.keys() - met - self._untimed.keys()

    def _rejoin(self, reason: str) -> None:
        """Wait for a cluster, however long it takes; what the old one did is gone."""
        logger.warning("waiting for a cluster", extra={"reason": reason})
        self._pool.close()
        while not self.stop.is_set():
            try:
                self._cluster.reconnect()
            except ClusterUnavailable as error:
                logger.info("no cluster yet", extra={"reason": str(error)})
                self.stop.wait(REJOIN_SECONDS)
            else:
                self._devices, self._untimed = {}, {}  # it may have others
                logger.info("joined a cluster again")
                return

    def _work(self, claim: Claim) -> None:
        """Run a claimed job to its end, or until the claim is lost or the worker drains."""
        heart = Heartbeat(claim, storage=self._storage, stop=self.stop)
        means = Means(
            storage=self._storage,
            artifacts=self._artifacts,
            pool=self._pool,
            shards=self._cluster.shards,
            living=self._cluster.living,
            hold=self._cluster.hold,
            references=self._references,
            runs=self._runs,
            check=lambda: self._check(heart),
            drain_seconds=self._drain_seconds,
        )
        logger.info("claimed", extra={"job": claim.job.id, "fence": claim.fence})
        try:
            with heart:
                self._settle()  # what was registered since, this job's supernet perhaps
                job = self._finish(claim, RUNNERS[claim.job.kind](claim, means), heart)
            if job.started_at is not None and job.finished_at is not None:
                telemetry.observe_job((job.finished_at - job.started_at).total_seconds())
        except LostClaim:
            logger.info("claim ended", extra={"job": claim.job.id})
        except (Draining, StorageUnavailable, ClusterUnavailable):
            # What is recorded stays; whoever claims it next goes on from there.
            self._release(claim)
        except GansearchError as error:
            self._end_badly(claim, str(error))
        except Exception as error:
            logger.exception("a job broke off", extra={"job": claim.job.id})
            self._end_badly(claim, _words(error))

    def _finish(self, claim: Claim, ended: Ended, heart: Heartbeat) -> Job:
        """Store how the job ended, once the store is there: without that all that is not recorded
        would be done again. Raises LostClaim and Draining."""
        while True:
            try:
                return self._storage.jobs.finish(
                    claim, state=ended.state, reason=ended.reason, result=ended.result
                )
            except StorageUnavailable as error:
                logger.warning("not finished yet", extra={"reason": str(error)})
            heart.check()
            self._pool.rest()
            self.stop.wait(IDLE_SECONDS)

    def _check_stop(self) -> None:
        if self.stop.is_set():
            raise Draining

    def _settle(self) -> None:
        settle_supernets(storage=self._storage, pool=self._pool, check=self._check_stop)

    def _check(self, heart: Heartbeat) -> None:
        heart.check()
        self._cluster.check()

    def _end_badly(self, claim: Claim, reason: str) -> None:
        """What breaks, in whatever way, because the cluster has gone fails no job."""
        if self._cluster_is_there():
            self._fail(claim, reason)
        else:
            logger.info("not failed", extra={"job": claim.job.id, "reason": reason})
            self._release(claim)

    def _cluster_is_there(self) -> bool:
        try:
            self._cluster.confirm()
        except ClusterUnavailable:
            return False
        return True

    def _release(self, claim: Claim) -> None:
        try:
            self._storage.jobs.release(claim)
        except LostClaim:
            logger.info("claim ended before its release", extra={"job": claim.job.id})
        except StorageUnavailable as error:
            # The lease runs out by itself.
            logger.warning("not released", extra={"job": claim.job.id, "reason": str(error)})

    def _fail(self, claim: Claim, reason: str) -> None:
        try:
            self._storage.jobs.finish(claim, state=JobState.FAILED, reason=reason)
        except LostClaim:
            logger.info("claim ended before its failure", extra={"job": claim.job.id})


def _words(error: Exception) -> str:
    """In one line."""
    return f"{type(error).__name__}: {error}".splitlines()[0]
