"""Measurements by actors, one at a time each: who gets what, and what a death costs."""

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import ray
import ray.exceptions

from search_service.domain.measurement import Measurement, MeasurementRequest
from search_service.errors import ClusterUnavailable, GansearchError, InvalidInput
from search_service.pools import Outcome
from workers.pool import deaths
from workers.pool.actors import Actor, Work
from workers.pool.lines import Lines
from workers.pool.need import Need
from workers.pool.results import get
from workers.pool.room import Room
from workers.pool.seated import Seated
from workers.pool.staff import Staff

logger = logging.getLogger(__name__)

MAX_DEATHS = 3  # a request that ends its actor this often has failed
FOLLOW_SECONDS = 1.0  # between two looks at what the cluster has
IDLE_SECONDS = 30.0  # an actor without work for so long is given back
LIMIT_SECONDS = 3600.0  # of one measurement
ABANDONED_SECONDS = 5.0  # for which an actor may go on with what nobody waits for


def never() -> None:
    """The check of a wait that nothing ends early."""


class RayPool:
    """A `search_service.pools.Pool` over Ray actors, as many as there is work and room for."""

    def __init__(
        self,
        make: Callable[[str], Any],
        *,
        room: Room,
        need: Need,
        limit_seconds: float = LIMIT_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
        check: Callable[[], None] = never,
    ) -> None:
        """`make` starts an actor with the methods of a Seat, for a device or (empty) as a judge.
        `limit_seconds` is for one measurement. Waits for a first actor, whose errors it raises
        (InvalidInput: the parts do not fit; ClusterUnavailable); `check` raises to end the wait.
        """
        self._room = room
        self._limit_seconds = limit_seconds
        self._staff = Staff(make, room=room, need=need, idle_seconds=idle_seconds)
        self._lines = Lines()
        self._running: dict[Any, tuple[Actor, Work]] = {}  # by the reference of the result
        self._outcomes: list[Outcome] = []
        self._tickets = 0
        self._followed = float("-inf")
        try:
            self.image_protocols: Mapping[str, Any] = self._first(check).image_protocols
        except BaseException:
            self.close()
            raise

    def submit(self, request: MeasurementRequest) -> int:
        """See Pool."""
        self._tickets += 1
        self._lines.add(Work(self._tickets, request))
        self._turn()
        return self._tickets

    def wait(self, timeout_seconds: float) -> Sequence[Outcome]:
        """See Pool. Raises ClusterUnavailable."""
        self._turn()
        if not self._outcomes:
            self._receive(timeout_seconds)
            self._turn()
        outcomes, self._outcomes = self._outcomes, []
        return outcomes

    def rest(self) -> None:
        """To be called now and then while nothing is asked for: gives back what is idle."""
        if self._staff.actors:
            self._receive(0.0)
            self._turn()

    def withdraw(self) -> Collection[int]:
        """See Pool."""
        waiting = [*self._lines.drain()]
        for actor in self._staff.actors:
            waiting += actor.waiting
            actor.waiting.clear()
        return [work.ticket for work in waiting]

    def abandon(self) -> None:
        """See Pool. An actor that does not come to the end of it soon is replaced."""
        self.withdraw()
        self._outcomes.clear()
        for actor in self._staff.actors:
            for work in actor.works:
                if work.ticket:
                    work.ticket, actor.abandoned_at = 0, time.monotonic()

    def close(self) -> None:
        """End the actors. Their cluster may have gone."""
        try:
            self._room.check()
        except ClusterUnavailable:
            self._staff.dismiss(list(self._staff.actors), reachable=False)
        else:
            self._staff.dismiss(list(self._staff.actors))
            self._staff.ask(demand=0, devices=())
        self._running.clear()

    def _first(self, check: Callable[[], None]) -> Seated:
        """Wait until an actor is seated."""
        while True:
            if not self._staff.joining:
                self._staff.hire()
            self._staff.ask(demand=1, devices=())
            ready, _ = ray.wait(list(self._staff.joining), timeout=FOLLOW_SECONDS)
            if ready and (seated := self._staff.welcome(ready[0])) is not None:
                return seated
            if hopeless := self._staff.hopeless():
                raise InvalidInput(hopeless)
            self._room.check()
            check()

    def _turn(self) -> None:
        """Follow the cluster, and give work to whoever has none."""
        self._room.check()
        now = time.monotonic()
        self._kill_overdue(now)
        if now - self._followed >= FOLLOW_SECONDS:
            self._followed = now
            devices = self._lines.devices()
            self._take_back(self._staff.follow(now, demand=self._demand(), devices=devices))
        for actor in self._staff.actors:
            if actor.idle and (work := self._lines.next_for(actor, self._staff.judges)):
                self._start(actor, work)
        for actor in self._staff.actors:
            if actor.takes_ahead and (work := self._lines.next_for(actor)):
                self._start(actor, work)

    def _demand(self) -> int:
        """How many judges could be busy now."""
        judges = self._staff.judges
        theirs = sum(len(actor.works) + len(actor.waiting) for actor in judges)
        return theirs + self._lines.for_any_judge()

    def _start(self, actor: Actor, work: Work) -> None:
        if not actor.works:
            actor.since = time.monotonic()
        actor.works.append(work)
        self._running[actor.handle.measure.remote(work.request)] = (actor, work)

    def _receive(self, timeout_seconds: float) -> None:
        """Wait for one thing to happen, at most so long, and take in all that has by then."""
        pending = [*self._running, *self._staff.joining]
        if not pending:
            if self._lines:
                time.sleep(min(timeout_seconds, FOLLOW_SECONDS))  # for room
            return
        ready, _ = ray.wait(pending, num_returns=1, timeout=self._until_due(timeout_seconds))
        if ready:
            ready, _ = ray.wait(pending, num_returns=len(pending), timeout=0)
        for ref in ready:
            if ref in self._running:
                self._collect(*self._running.pop(ref), ref)
            elif ref in self._staff.joining:
                self._joined(ref)

    def _until_due(self, seconds: float) -> float:
        starts = [actor.since for actor in self._staff.actors if actor.works]
        due = min(starts, default=float("inf")) + self._limit_seconds - time.monotonic()
        return max(0.0, min(seconds, due))

    def _collect(self, actor: Actor, work: Work, ref: Any) -> None:
        try:
            measurement: Measurement = get(ref)
        except GansearchError as error:
            self._answer(work, failure=str(error))
        except ray.exceptions.RayTaskError as error:
            logger.exception("a measurement raised", extra={"request": str(work.request)})
            cause = error.cause or error
            self._answer(work, failure=f"{type(cause).__name__}: {cause}")
        except ray.exceptions.RayError as error:
            self._after_death(actor, error)
            return
        else:
            self._answer(work, measurement)
        now = time.monotonic()
        actor.works.remove(work)
        actor.seconds, actor.since = now - actor.since, now
        if actor.leaving and not actor.works:
            self._dismiss(actor)

    def _answer(
        self, work: Work, measurement: Measurement | None = None, *, failure: str = ""
    ) -> None:
        if work.ticket:
            outcome = Outcome(ticket=work.ticket, measurement=measurement, failure=failure)
            self._outcomes.append(outcome)

    def _joined(self, ref: Any) -> None:
        try:
            self._staff.welcome(ref)
        except (GansearchError, ray.exceptions.RayTaskError):
            logger.warning("an actor cannot measure", exc_info=True)
        if hopeless := self._staff.hopeless():
            for work in self._lines.drain():
                self._answer(work, failure=hopeless)

    def _after_death(self, actor: Actor, error: Exception) -> None:
        """The dead actor's work is tried again, unless it was the death of too many."""
        now, nodes = time.monotonic(), self._room.look()
        work, *ahead = actor.works
        why = deaths.reason(error)
        if actor.overdue:
            why = f"it took longer than its limit of {self._limit_seconds:g} s"
        if not work.ticket:
            why = "nobody waits for its work any more"
        with_node = deaths.is_gone(actor.node, nodes) and not actor.overdue
        if not with_node:
            uncertain = deaths.is_uncertain(error) and not actor.overdue
            work.deaths.add(node=actor.node, now=now, uncertain=uncertain)
        facts = {"device": actor.device, "cause": why, "with_node": with_node}
        logger.warning("an actor died", extra=facts)
        self._running = {r: held for r, held in self._running.items() if held[0] is not actor}
        self._dismiss(actor)
        if work.deaths.count(now, nodes) >= MAX_DEATHS:
            failure = f"ended its actor {MAX_DEATHS} times, the last time because {why}"
            self._answer(work, failure=failure)
        else:
            ahead.insert(0, work)
        self._lines.put_back([w for w in ahead if w.ticket])
        self._followed = float("-inf")  # a successor is hired at once

    def _dismiss(self, actor: Actor) -> None:
        self._take_back(self._staff.dismiss([actor]))

    def _take_back(self, returned: list[Work]) -> None:
        """What waited for actors that went is for any."""
        self._lines.put_back(returned)
        self._lines.forget_all_but(self._staff.actors)

    def _kill_overdue(self, now: float) -> None:
        for actor in self._staff.actors:
            if not actor.works or actor.overdue:
                continue
            unheard = not actor.works[0].ticket and now - actor.abandoned_at > ABANDONED_SECONDS
            if unheard or now - actor.since > self._limit_seconds:
                actor.overdue = True
                ray.kill(actor.handle)
