"""The actors of a pool follow the work and the cluster: hired, let go, counted."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from typing import Any, Generic

import ray
import ray.exceptions

from search_service import telemetry
from search_service.errors import ClusterUnavailable, GansearchError
from workers.pool import deaths
from workers.pool.actors import Actor, R, Work
from workers.pool.desk import Ask, Grant
from workers.pool.need import DEVICE_PREFIX, Need
from workers.pool.results import get
from workers.pool.room import Room
from workers.pool.seated import Seated

logger = logging.getLogger(__name__)

MAX_LOST_STARTS = 3  # in a row: then nothing is expected of another try
HOLD_SECONDS = 10.0  # a device that others ask for is given up after so long
YIELD_SECONDS = 5.0  # without work, after which an actor is others' if they lack one
MISS_SECONDS = 5.0  # for which an actor may have no node that it fits before that is told


class Staff(Generic[R]):
    """As many judges of images as there is work and room for, and one actor for each device that
    is asked for. Everything idle for long is given back."""

    def __init__(
        self, make: Callable[[str], Any], *, room: Room, need: Need, idle_seconds: float
    ) -> None:
        """`make` starts an actor with the methods of a Seat for a device, or (empty) a judge."""
        self._make = make
        self._room = room
        self._need = need
        self._idle_seconds = idle_seconds
        self.actors: list[Actor[R]] = []
        self.joining: dict[Any, Actor[R]] = {}  # by the reference of their being seated
        self._lost_starts = 0  # in a row
        self._why = ""  # the last was lost

    @property
    def judges(self) -> list[Actor[R]]:
        """Those that judge images."""
        return [actor for actor in self.actors if not actor.device]

    def hire(self, device: str = "") -> Actor[R]:
        """One actor more; it may have to wait for room on a node before it is seated."""
        there = frozenset(node.id for node in self._room.nodes() if node.alive)
        actor: Actor[R] = Actor(handle=self._make(device), device=device, among=there)
        self.actors.append(actor)
        self.joining[actor.handle.join.remote()] = actor  # it builds its evaluator now
        self._count({device})
        return actor

    def welcome(self, ref: Any) -> Seated | None:
        """Take in the actor behind this reference of `joining`; None when it did not live to be
        seated, which counts as a lost start unless a node went.

        Raises what building its evaluator raised; the actor is seated all the same, and will say so
        again of whatever it is asked.
        """
        actor = self.joining.pop(ref)
        try:
            seated: Seated = get(ref)
        except (GansearchError, ray.exceptions.RayTaskError):
            self._seat(actor, "")
            raise
        except ray.exceptions.RayError as error:
            there = {node.id for node in self._room.look() if node.alive}
            to_blame = actor.among <= there and not deaths.is_uncertain(error)
            self._lost_starts += to_blame
            self._why = deaths.reason(error)
            facts = {"cause": self._why, "with_node": not to_blame}
            logger.warning("an actor did not start", extra=facts)
            self.dismiss([actor])
            return None
        self._seat(actor, seated.node)
        return seated

    def hopeless(self) -> str:
        """Why no actor can be had, once several starts in a row were lost and none is seated; the
        starts count anew. Empty: there is hope."""
        seated = any(actor.seated_at is not None for actor in self.actors)
        if seated or self._lost_starts < MAX_LOST_STARTS:
            return ""
        self._lost_starts = 0
        return f"no actor starts, in {MAX_LOST_STARTS} tries: {self._why}"

    def _seat(self, actor: Actor[R], node: str) -> None:
        actor.node, actor.seated_at, actor.since = node, time.monotonic(), time.monotonic()
        self._lost_starts = 0

    def dismiss(self, leaving: Iterable[Actor[R]], *, reachable: bool = True) -> list[Work[R]]:
        """End actors; what waited for them comes back. `reachable` False: their cluster is gone."""
        gone = list(leaving)
        for actor in gone:
            self.actors.remove(actor)
            if reachable:
                ray.kill(actor.handle)
        self.joining = {ref: a for ref, a in self.joining.items() if a in self.actors}
        self._count({actor.device for actor in gone})
        return [work for actor in gone for work in actor.waiting]

    def follow(self, now: float, *, demand: int, devices: Collection[str]) -> list[Work[R]]:
        """Hire and let go by what there is to do: `demand` judges could be busy now, and
        `devices` are waited for. What waited for those that went comes back."""
        returned = self.dismiss(self._useless(now, demand, devices))
        lately = [a for a in self.judges if a.works or now - a.since <= YIELD_SECONDS]
        grant = self.ask(demand=max(demand, len(lately)), devices=devices)
        judges = self.judges
        for _ in range(min(grant.actors, demand) - len(judges)):
            self.hire()
        returned += self._keep(judges, grant.actors)
        for device in devices:
            if all(actor.device != device for actor in self.actors):
                self.hire(device)
        self.tell_of_missing(now)
        contested = [
            actor
            for actor in self.actors
            if DEVICE_PREFIX + actor.device in grant.contested
            and actor.seated_at is not None
            and now - actor.seated_at > HOLD_SECONDS
        ]
        return returned + self._let_go(contested, len(contested))

    def close(self) -> None:
        """Dismiss all, and ask for no more. Their cluster may have gone."""
        try:
            self._room.check()
        except ClusterUnavailable:
            self.dismiss(list(self.actors), reachable=False)
        else:
            self.dismiss(list(self.actors))
            self.ask(demand=0, devices=())

    def tell_of_missing(self, now: float) -> None:
        """Once of each actor that waits for a node such as there is none: Ray says nothing."""
        offers = [node.resources for node in self._room.nodes() if node.alive]
        for actor in self.joining.values():
            needed = {DEVICE_PREFIX + actor.device: 1.0} if actor.device else self._need.bundle()
            fits = any(all(o.get(n, 0) >= some for n, some in needed.items()) for o in offers)
            if not fits and not actor.missed and now - actor.since > MISS_SECONDS:
                actor.missed = True
                facts = {"needed": needed}
                logger.warning("waiting for a node that has what an actor needs", extra=facts)

    def ask(self, *, demand: int, devices: Collection[str]) -> Grant:
        """Tell the cluster what could be used, and hear what may be had of it."""
        names = {*devices, *(actor.device for actor in self.actors)} - {""}
        return self._room.grant(
            Ask(
                actors=demand,
                held=sum(actor.seated_at is not None for actor in self.judges),
                need=self._need,
                devices=tuple(sorted(DEVICE_PREFIX + device for device in names)),
            )
        )

    def _useless(self, now: float, demand: int, devices: Collection[str]) -> list[Actor[R]]:
        """On a node that has gone, or without work for too long. An actor that still waits for
        room goes as soon as there is nothing for it to do."""
        nodes = self._room.nodes()
        spare = max(0, len(self.judges) - demand)
        useless = []
        for actor in self.actors:
            wanted = actor.device in devices if actor.device else spare <= 0
            long = actor.seated_at is None or now - actor.since > self._idle_seconds
            if actor.works or actor.waiting:
                continue
            if deaths.is_gone(actor.node, nodes):
                useless.append(actor)
            elif long and not wanted:
                useless.append(actor)
                spare -= not actor.device
        return useless

    def _keep(self, judges: list[Actor[R]], share: int) -> list[Work[R]]:
        """So many of them. Those that were to leave stay first, if more may."""
        staying = [actor for actor in judges if not actor.leaving]
        for actor in [actor for actor in judges if actor.leaving][: max(0, share - len(staying))]:
            actor.leaving = False
        return self._let_go(staying, len(staying) - share)

    def _let_go(self, actors: list[Actor[R]], count: int) -> list[Work[R]]:
        """So many of them: first those not seated, then the idle, the busy once they are done."""
        if count <= 0:
            return []
        chosen = sorted(actors, key=lambda a: (bool(a.works), a.seated_at is not None))[:count]
        for actor in chosen:
            actor.leaving = bool(actor.works)
        return self.dismiss([actor for actor in chosen if not actor.leaving])

    def _count(self, devices: set[str]) -> None:
        counts = Counter(actor.device for actor in self.actors)
        for device in devices:
            telemetry.set_workers(counts[device], device=device)
