"""Ray actors that make shards of features, as many as there is work and room for: any of them makes
any shard."""

import logging
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import ray
import ray.exceptions

from search_service.errors import GansearchError
from workers.blame import Deaths
from workers.pool import deaths
from workers.pool.actors import Actor, Work
from workers.pool.in_hand import LIMIT_SECONDS
from workers.pool.need import Need
from workers.pool.ray_pool import FOLLOW_SECONDS, IDLE_SECONDS
from workers.pool.results import get
from workers.pool.room import Room
from workers.pool.staff import Staff
from workers.scoring.gather import MAX_TRIES
from workers.scoring.pools import Made
from workers.scoring.shards import Shard, ShardName

logger = logging.getLogger(__name__)


class RayShards:
    """A `workers.scoring.pools.ShardPool` over Ray actors. One that dies is replaced; those that
    are more than this worker's share leave between two shards."""

    def __init__(
        self,
        make: Callable[[str], Any],
        *,
        room: Room,
        need: Need,
        limit_seconds: float = LIMIT_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        """`make` starts an actor with the methods of a ShardSeat, of which each takes `need`.
        `limit_seconds` is for one shard."""
        self._room = room
        self._limit_seconds = limit_seconds
        self._staff: Staff[ShardName] = Staff(make, room=room, need=need, idle_seconds=idle_seconds)
        self._deaths: defaultdict[ShardName, Deaths] = defaultdict(Deaths)
        self._queue: deque[Work[ShardName]] = deque()
        self._running: dict[Any, tuple[Actor[ShardName], Work[ShardName]]] = {}  # by the result
        self._made: list[Made] = []
        self._followed = float("-inf")

    def submit(self, name: ShardName) -> None:
        """See ShardPool."""
        self._queue.append(Work(ticket=1, request=name, deaths=self._deaths[name]))

    def wait(self, timeout_seconds: float) -> Sequence[Made]:
        """See ShardPool. Raises ClusterUnavailable."""
        self._turn()
        if not self._made:
            self._receive(timeout_seconds)
            self._turn()
        made, self._made = self._made, []
        return made

    def rest(self) -> None:
        """See ShardPool."""
        if self._staff.actors:
            self._receive(0.0)
            self._turn()

    def close(self) -> None:
        """See ShardPool. The cluster may have gone."""
        self._staff.close()
        self._queue.clear()
        self._running.clear()

    def _turn(self) -> None:
        """Follow the cluster, and give a shard to whoever has none."""
        self._room.check()
        now = time.monotonic()
        for actor in self._staff.actors:
            if actor.works and not actor.overdue and now - actor.since > self._limit_seconds:
                actor.overdue = True
                ray.kill(actor.handle)
        if now - self._followed >= FOLLOW_SECONDS:
            self._followed = now
            self._staff.follow(now, demand=len(self._queue) + len(self._running), devices=())
        for actor in self._staff.actors:
            if actor.idle and self._queue:
                work = self._queue.popleft()
                actor.works.append(work)
                actor.since = now
                self._running[actor.handle.shard.remote(work.request)] = (actor, work)

    def _receive(self, timeout_seconds: float) -> None:
        """Wait for one thing to happen, at most so long, and take it in."""
        at_most = min(timeout_seconds, FOLLOW_SECONDS)
        pending = [*self._running, *self._staff.joining]
        if not pending:
            if self._queue:
                time.sleep(at_most)  # until others are hired
            return
        ready, _ = ray.wait(pending, num_returns=1, timeout=at_most)
        for ref in ready:
            if ref in self._running:
                self._collect(ref)
            else:
                self._joined(ref)

    def _collect(self, ref: Any) -> None:
        actor, work = self._running.pop(ref)
        name = work.request
        try:
            made = Made(name=name, shard=_own(get(ref)))
        except GansearchError as error:
            made = Made(name=name, failure=str(error))
        except ray.exceptions.RayTaskError as error:
            logger.exception("a shard raised", extra={"shard": str(name)})
            cause = error.cause or error
            made = Made(name=name, failure=f"{type(cause).__name__}: {cause}")
        except ray.exceptions.RayError as error:
            self._after_death(actor, work, error)
            return
        self._made.append(made)
        actor.works.remove(work)
        actor.since = time.monotonic()
        if actor.leaving or actor.overdue:
            self._staff.dismiss([actor])

    def _after_death(
        self, actor: Actor[ShardName], work: Work[ShardName], error: Exception
    ) -> None:
        """Whatever ended one may have ended others that had nothing to do: they go too, as a shard
        must not spend its tries on them. Nothing is lost with one that lives."""
        why, now, nodes = deaths.reason(error), time.monotonic(), self._room.look()
        if actor.overdue:
            why = f"it took longer than its limit of {self._limit_seconds:g} s"
        with_node = deaths.is_gone(actor.node, nodes) and not actor.overdue
        logger.warning("an actor died", extra={"cause": why, "with_node": with_node})
        self._staff.dismiss([actor, *(other for other in self._staff.actors if other.idle)])
        self._followed = float("-inf")  # successors are hired at once
        if not with_node:
            uncertain = deaths.is_uncertain(error) and not actor.overdue
            work.deaths.add(nodes=[actor.node], now=now, uncertain=uncertain)
        if work.deaths.count(now, partial(deaths.is_gone, nodes=nodes)) < MAX_TRIES:
            self._queue.appendleft(work)
            return
        why = f"shard {work.request} was lost {MAX_TRIES} times, the last time because {why}"
        self._made.append(Made(name=work.request, failure=why))

    def _joined(self, ref: Any) -> None:
        try:
            self._staff.welcome(ref)
        except (GansearchError, ray.exceptions.RayTaskError):
            logger.warning("an actor cannot make shards", exc_info=True)
        if hopeless := self._staff.hopeless():
            self._made += [Made(name=work.request, failure=hopeless) for work in self._queue]
            self._queue.clear()


def _own(shard: Shard) -> Shard:
    """Without a place in the object store, which would be its as long as it is looked at: the
    shards of a scoring are more than the store may have room for."""
    return replace(shard, features=shard.features.copy())
