"""Ray actors that make shards of features: any of them makes any shard."""

import logging
from collections import deque
from collections.abc import Sequence
from typing import Any

import ray
import ray.exceptions

from search_service.domain.scoring import ScoreSpec
from search_service.errors import GansearchError
from workers.pool.results import get
from workers.scoring.pools import Made
from workers.scoring.shards import Shard, ShardName
from workers.scoring.work import ScoreWork

logger = logging.getLogger(__name__)


class ShardSeat:
    """What lives in an actor's process: torch on one thread, and the work, opened when used."""

    def __init__(self, spec: ScoreSpec) -> None:
        self._work = ScoreWork(spec=spec)

    def shard(self, name: ShardName) -> Shard:
        """See ScoreWork."""
        return self._work.shard(name)


class RayShards:
    """A `workers.scoring.pools.ShardPool` over Ray actors. A dead one is replaced."""

    def __init__(self, spec: ScoreSpec, *, actors: int, cores_each: int) -> None:
        """`cores_each`: an actor makes images on one while it looks at the last ones on another."""
        self._spec = spec
        self._seat = ray.remote(ShardSeat).options(num_cpus=cores_each)
        self._idle: deque[Any] = deque(self._hire() for _ in range(actors))
        self._queue: deque[ShardName] = deque()
        self._running: dict[Any, tuple[Any, ShardName]] = {}  # by the result: actor, shard

    def submit(self, name: ShardName) -> None:
        """See ShardPool."""
        self._queue.append(name)
        self._dispatch()

    def wait(self, timeout_seconds: float) -> Sequence[Made]:
        """See ShardPool."""
        if not self._running:
            return []
        ready, _ = ray.wait(list(self._running), num_returns=1, timeout=timeout_seconds)
        made = [self._collect(ref) for ref in ready]
        self._dispatch()
        return made

    def close(self) -> None:
        """See ShardPool."""
        for actor in [*self._idle, *(actor for actor, _ in self._running.values())]:
            ray.kill(actor)
        self._idle.clear()
        self._running.clear()

    def _dispatch(self) -> None:
        while self._idle and self._queue:
            actor, name = self._idle.popleft(), self._queue.popleft()
            self._running[actor.shard.remote(name)] = (actor, name)

    def _collect(self, ref: Any) -> Made:
        actor, name = self._running.pop(ref)
        try:
            made = Made(name=name, shard=get(ref))
        except GansearchError as error:
            made = Made(name=name, failure=str(error))
        except ray.exceptions.RayTaskError as error:
            logger.exception("a shard raised", extra={"shard": str(name)})
            cause = error.cause or error
            made = Made(name=name, failure=f"{type(cause).__name__}: {cause}")
        except ray.exceptions.RayError as error:
            logger.warning("an actor died", extra={"cause": type(error).__name__})
            self._renew_idle()
            actor, made = self._hire(), Made(name=name)
        self._idle.append(actor)
        return made

    def _renew_idle(self) -> None:
        """Whatever ended one may have ended others that had nothing to do: a shard must not spend
        its tries on them. Nothing is lost with one that lives."""
        for actor in self._idle:
            ray.kill(actor)
        self._idle = deque(self._hire() for _ in self._idle)

    def _hire(self) -> Any:
        return self._seat.remote(self._spec)
