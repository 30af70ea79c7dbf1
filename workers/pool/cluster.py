"""A connection to Ray: what its nodes offer, actors on them, and whether it is still there."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

import ray
import ray.exceptions

from search_service.domain.scoring import ScoreSpec
from search_service.errors import ClusterUnavailable, InvalidSetting, NotFound, TrainingFailed
from workers.checkpoint_uri import Checkpoint
from workers.pool import joining, nodes
from workers.pool.desk import Ask, Grant
from workers.pool.front_desk import FrontDesk
from workers.pool.in_hand import LIMIT_SECONDS
from workers.pool.need import DEVICE_PREFIX, Need
from workers.pool.nodes import Node
from workers.pool.ray_pool import IDLE_SECONDS, RayPool, never
from workers.pool.results import get
from workers.pool.seat import Seat, remote
from workers.pool.shard_pool import RayShards
from workers.pool.shard_seat import ShardSeat
from workers.pool.spec import EvaluatorSpec
from workers.pool.timing import Timing
from workers.pool.watch import LOOK_SECONDS, Watch
from workers.ray_folders import RayFolder


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
        self._desk: FrontDesk | None = None
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
            if self._address is not None:
                self._desk = FrontDesk(uuid4().hex)
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
        except joining.OtherVersions:
            raise
        except (InvalidSetting, OSError, RuntimeError, ray.exceptions.RayError) as error:
            # What joined may have gone in the same moment, which Ray says in many ways.
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

    def living(self) -> Collection[str]:
        """The ids of its nodes, as far as it tells now."""
        return {node.id for node in self.look() if node.alive}

    def grant(self, ask: Ask) -> Grant:
        """What may be had now of what could be used. One actor where there is no room for any: it
        waits for a node."""
        offers = self._offers()
        room, cores = ask.need.room(offers), Need().room(offers)
        alone = Grant(actors=room)
        grant = alone if self._desk is None else self._desk.ask(ask, room, cores=cores)
        if ask.whole:
            return Grant(actors=ask.actors if grant.actors >= ask.actors else 0)
        most = max(ask.actors, ask.held)
        least = 0 if room else min(1, most)
        return Grant(actors=max(least, min(most, grant.actors)), contested=grant.contested)

    def hold(self, processes: int, /, *, begun: bool = False) -> bool:
        """Have a training counted among what the workers of the cluster could use, with a core for
        each of its processes; to be called every second or so, and with 0 once it has ended.
        Whether it may begin, which it may once all of them can be had. Raises TrainingFailed where
        that is never, as no node can join."""
        if self._address is None and processes > self._cpus:
            raise TrainingFailed(
                f"{processes} processes need a core each, and the Ray of this machine has "
                f"{self._cpus}; ask for fewer workers"
            )
        held = processes if begun else 0
        with suppress(ClusterUnavailable):
            self.check()
            ask = Ask(actors=processes, need=Need(), held=held, whole=processes > 0)
            return self.grant(ask).actors >= processes
        return False

    def devices(self) -> Mapping[str, Collection[str]]:
        """The ids of the nodes that offer each device, by its name."""
        found: dict[str, set[str]] = {}
        for node in self.nodes():
            for name, amount in node.resources.items() if node.alive else ():
                if name.startswith(DEVICE_PREFIX) and amount:
                    found.setdefault(name.removeprefix(DEVICE_PREFIX), set()).add(node.id)
        return found

    def calibrate(self, device: str, *, check: Callable[[], None] = never) -> Mapping[str, Any]:
        """The latency protocol of a device, its reference network timed on it now. Another worker
        that holds the device is asked for it; `check` raises to end the wait. Raises NotFound when
        the device leaves meanwhile or cannot be timed, and ClusterUnavailable."""
        resource = DEVICE_PREFIX + device
        actor = remote(Timing).options(num_cpus=0, resources={resource: 1}).remote()
        timing = actor.protocol.remote()
        try:
            while not ray.wait([timing], timeout=LOOK_SECONDS)[0]:
                self.check()
                check()
                if device not in self.devices():
                    raise NotFound(f"device {device} has left the cluster")
                self.grant(Ask(actors=0, need=self._need, devices=(resource,)))
            protocol: Mapping[str, Any] = get(timing)
        except ray.exceptions.RayError as error:
            self.confirm()
            cause = getattr(error, "cause", None) or error  # its own error, without a trace
            why = f"{type(cause).__name__}: {cause}".splitlines()[0]
            raise NotFound(f"device {device} cannot be timed: {why}") from error
        finally:
            with suppress(ClusterUnavailable):
                self.check()
                ray.kill(actor)
                self.grant(Ask(actors=0, need=self._need))
        return protocol

    def pool(self, spec: EvaluatorSpec, *, check: Callable[[], None] = never) -> RayPool:
        """Actors for one supernet: as many as there is work and room for, and one per device that
        is asked for. `check` raises to end the wait for the first.

        Raises what building an evaluator raises (InvalidInput: the parts do not fit).
        """
        weights = ray.put(dict(spec.weights))  # once per node, whatever the actors
        rest = (spec.family, spec.parameters, spec.judging)
        seat = remote(Seat)
        judge = seat.options(num_cpus=self._need.cpus, num_gpus=self._need.gpus)

        def make(device: str) -> Any:
            timer = seat.options(num_cpus=0, resources={DEVICE_PREFIX + device: 1})
            return (timer if device else judge).remote(weights, *rest)

        return RayPool(
            make,
            room=self,
            need=self._need,
            limit_seconds=self._limit_seconds,
            idle_seconds=self._idle_seconds,
            check=check,
        )

    def shards(self, spec: ScoreSpec, checkpoint: Checkpoint | None) -> RayShards:
        """Actors that make shards for a scoring: as many as there is work and room for, each with
        what one that judges takes. `checkpoint` is the generator's, where there is one."""
        read = ray.put(checkpoint)  # once per node, whatever the actors
        seat = remote(ShardSeat).options(num_cpus=self._need.cpus, num_gpus=self._need.gpus)
        overlap = self._need.cpus >= 2

        def make(_: str) -> Any:
            return seat.remote(spec, read, overlap=overlap)

        return RayShards(
            make,
            room=self,
            need=self._need,
            limit_seconds=self._limit_seconds,
            idle_seconds=self._idle_seconds,
        )

    def close(self) -> None:
        """Leave; a local cluster ends."""
        if self._watch is not None:
            self._leave_desk(self._watch)
            self._watch.close()
            self._watch = None
        with suppress(Exception):  # what has gone cannot be left in good order
            ray.shutdown()
        if self._folder is not None:
            self._folder.remove()
            self._folder = None

    def _leave_desk(self, watch: Watch) -> None:
        """What the autoscaler was asked for on behalf of this worker is withdrawn."""
        desk, self._desk = self._desk, None
        if desk is not None:
            with suppress(ClusterUnavailable):  # it hears nobody any more
                watch.check()
                desk.leave()

    def _offers(self) -> list[Mapping[str, float]]:
        return [node.resources for node in self.nodes() if node.alive]
