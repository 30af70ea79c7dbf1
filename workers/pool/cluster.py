"""A connection to Ray: what its nodes offer, actors on them, and whether it is still there."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

import ray

from search_service.domain.scoring import ScoreSpec
from search_service.errors import ClusterUnavailable, InvalidSetting
from workers.evaluators.latency import calibrate
from workers.pool import joining, nodes
from workers.pool.desk import Ask, Grant
from workers.pool.folders import RayFolder
from workers.pool.front_desk import FrontDesk
from workers.pool.need import DEVICE_PREFIX, Need, shard_actors
from workers.pool.nodes import Node
from workers.pool.ray_pool import IDLE_SECONDS, LIMIT_SECONDS, RayPool, never
from workers.pool.results import get
from workers.pool.seat import Seat
from workers.pool.shard_pool import RayShards
from workers.pool.spec import EvaluatorSpec
from workers.pool.watch import LOOK_SECONDS, Watch


class Cluster:
    """A private Ray on this machine, or the one at an address, which other workers may share."""

    def __init__(
        self,
        address: str | None = None,
        *,
        cpus: int | None = None,
        need: Need | None = None,
        limit_seconds: float = LIMIT_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        """`address` None starts a local cluster whose one device is `cpu`, with `cpus` cores.
        `need` is what each actor that judges takes (one core), `limit_seconds` the time of one
        measurement.

        Raises InvalidSetting when nothing answers at the address, when a Ray or Python of another
        version does, or when no local one comes up.
        """
        self._address = address
        self._cpus = cpus or os.cpu_count() or 1
        self._need = need or Need()
        self._limit_seconds = limit_seconds
        self._idle_seconds = idle_seconds
        self._folder: RayFolder | None = None
        self._watch: Watch | None = None
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ["OMP_NUM_THREADS"] = "1"  # torch threads that wait for each other spin
        self._connect()

    def _connect(self) -> None:
        if self._address is None:
            self._folder = joining.start(self._cpus)
        else:
            joining.join(self._address)
        try:
            own = ray.get_runtime_context().get_node_id()
            self._watch = Watch(nodes.reader(), own=own)
            self._desk = FrontDesk(uuid4().hex) if self._address is not None else None
        except BaseException:
            self.close()
            raise

    def reconnect(self) -> None:
        """Leave what is left of a cluster that has gone, and join the one that is there now.

        Raises ClusterUnavailable when there is none yet, and InvalidSetting when it is of another
        version.
        """
        self.close()
        try:
            self._connect()
        except InvalidSetting as error:
            if "must be the same" in str(error):
                raise
            raise ClusterUnavailable(str(error)) from error

    def check(self) -> None:
        """Raises ClusterUnavailable when the cluster has gone."""
        if self._watch is None:
            raise ClusterUnavailable("not connected to a Ray cluster")
        self._watch.check()

    def confirm(self) -> None:
        """Wait until it has answered what is asked from now on; raises ClusterUnavailable when it
        has gone."""
        if self._watch is None:
            raise ClusterUnavailable("not connected to a Ray cluster")
        self._watch.confirm()

    def nodes(self) -> Sequence[Node]:
        """As they were a few seconds ago at most, while the cluster answers."""
        return self._watch.nodes() if self._watch is not None else []

    def look(self) -> Sequence[Node]:
        """As they are now; as they were when the cluster last answered, if it does not."""
        return self._watch.look() if self._watch is not None else []

    def grant(self, ask: Ask) -> Grant:
        """What a pool may have now of what it could use: at least one actor, if it wants any."""
        room = ask.need.room(self._offers())
        grant = Grant(actors=room) if self._desk is None else self._desk.ask(ask, room)
        actors = max(1, min(ask.actors, grant.actors)) if ask.actors else 0
        return Grant(actors=actors, contested=grant.contested)

    def devices(self) -> list[str]:
        """Names of the devices that nodes of the cluster offer."""
        names = {n for offer in self._offers() for n in offer if n.startswith(DEVICE_PREFIX)}
        return sorted(name.removeprefix(DEVICE_PREFIX) for name in names)

    def calibrate(self, device: str, *, check: Callable[[], None] = never) -> Mapping[str, Any]:
        """The latency protocol of a device, its reference network timed on it now. Another worker
        that holds the device is asked for it; `check` raises to end the wait. Raises
        ClusterUnavailable."""
        resource = DEVICE_PREFIX + device
        task = ray.remote(calibrate).options(num_cpus=0, resources={resource: 1}).remote()
        while not ray.wait([task], timeout=LOOK_SECONDS)[0]:
            self.check()
            check()
            self.grant(Ask(actors=0, need=self._need, devices=(resource,)))
        protocol: Mapping[str, Any] = get(task)
        self.grant(Ask(actors=0, need=self._need))
        return protocol

    def pool(self, spec: EvaluatorSpec, *, check: Callable[[], None] = never) -> RayPool:
        """Actors for one supernet: as many as there is work and room for, and one per device that
        is asked for. `check` raises to end the wait for the first.

        Raises what building an evaluator raises (InvalidInput: the parts do not fit).
        """
        weights = ray.put(dict(spec.weights))  # once per node, whatever the actors
        seat = ray.remote(Seat)
        judge = seat.options(num_cpus=self._need.cpus, num_gpus=self._need.gpus)

        def make(device: str) -> Any:
            timer = seat.options(num_cpus=0, resources={DEVICE_PREFIX + device: 1})
            return (timer if device else judge).remote(
                weights, spec.family, spec.parameters, spec.judging
            )

        return RayPool(
            make,
            room=self,
            need=self._need,
            limit_seconds=self._limit_seconds,
            idle_seconds=self._idle_seconds,
            check=check,
        )

    def shards(self, spec: ScoreSpec) -> RayShards:
        """Actors that make shards for a scoring, two cores each where there are two."""
        actors, each = shard_actors(self._offers())
        return RayShards(spec, actors=actors, cores_each=each)

    def close(self) -> None:
        """Leave; a local cluster ends."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        with suppress(Exception):  # what has gone cannot be left in good order
            ray.shutdown()
        if self._folder is not None:
            self._folder.remove()
            self._folder = None

    def _offers(self) -> list[Mapping[str, float]]:
        return [node.resources for node in self.nodes() if node.alive]
