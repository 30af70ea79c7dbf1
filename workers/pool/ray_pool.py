"""Measurements by actors, one at a time each: who gets what."""

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import ray
import ray.exceptions

from search_service.domain.measurement import MeasurementRequest
from search_service.errors import GansearchError, InvalidInput
from search_service.pools import Outcome
from workers.pool.actors import Measurer, Measuring
from workers.pool.in_hand import LIMIT_SECONDS, Ended, InHand
from workers.pool.lines import Lines
from workers.pool.need import Need
from workers.pool.room import Room
from workers.pool.seated import Seated
from workers.pool.staff import Staff

logger = logging.getLogger(__name__)

FOLLOW_SECONDS = 1.0  # between two looks at what the cluster has
IDLE_SECONDS = 30.0  # an actor without work for so long is given back


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
        self._staff: Staff[MeasurementRequest] = Staff(
            make, room=room, need=need, idle_seconds=idle_seconds
        )
        self._lines = Lines()
        self._in_hand = InHand(room=room, limit_seconds=limit_seconds)
        self._outcomes: list[Outcome] = []
        self._tickets = 0
        self._followed = float("-inf")
        try:
            self.image_protocols: Mapping[str, Any] = self._first(check).image_protocols
        except BaseException:
            self.close()
            raise

    @property
    def seated(self) -> int:
        """How many actors can measure now."""
        return len(self._staff.actors) - len(self._staff.joining)

    def submit(self, request: MeasurementRequest) -> int:
        """See Pool."""
        self._tickets += 1
        self._lines.add(Measuring(self._tickets, request))
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
        self._staff.close()
        self._in_hand.forget()

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
            self._staff.tell_of_missing(time.monotonic())
            self._room.check()
            check()

    def _turn(self) -> None:
        """Follow the cluster, and give work to whoever has none."""
        self._room.check()
        now = time.monotonic()
        self._in_hand.kill_overdue(self._staff.actors, now)
        if now - self._followed >= FOLLOW_SECONDS:
            self._followed = now
            devices = self._lines.devices()
            self._take_back(self._staff.follow(now, demand=self._demand(), devices=devices))
        for actor in self._staff.actors:
            if actor.idle and (work := self._lines.next_for(actor, self._staff.judges)):
                self._in_hand.give(actor, work)
        for actor in self._staff.actors:
            if actor.takes_ahead and (work := self._lines.next_for(actor)):
                self._in_hand.give(actor, work)

    def _demand(self) -> int:
        """How many judges could be busy now."""
        judges = self._staff.judges
        theirs = sum(len(actor.works) + len(actor.waiting) for actor in judges)
        return theirs + self._lines.for_any_judge()

    def _receive(self, timeout_seconds: float) -> None:
        """Wait for one thing to happen, at most so long, and take in all that has by then."""
        pending = [*self._in_hand.references(), *self._staff.joining]
        if not pending:
            if self._lines:
                time.sleep(min(timeout_seconds, FOLLOW_SECONDS))  # for room
            return
        due = self._in_hand.seconds_to_limit(self._staff.actors)
        ready, _ = ray.wait(pending, num_returns=1, timeout=max(0.0, min(timeout_seconds, due)))
        if ready:
            ready, _ = ray.wait(pending, num_returns=len(pending), timeout=0)
        idle = [actor for actor in self._staff.judges if actor.idle]
        crashed = False
        for ref in ready:
            if ref in self._in_hand:
                ended = self._in_hand.take(ref)
                self._after(ended)
                crashed = crashed or (ended.died and not ended.actor.overdue)
            elif ref in self._staff.joining:
                self._joined(ref)
        if crashed:
            # Whatever ended one may have ended those that had nothing to do: a request must not
            # spend its tries on them. Nothing is lost with one that lives.
            self._take_back(self._staff.dismiss(idle))

    def _after(self, ended: Ended) -> None:
        if ended.outcome is not None:
            self._outcomes.append(ended.outcome)
        if ended.died or (ended.actor.leaving and not ended.actor.works):
            self._dismiss(ended.actor)
        if ended.died:
            self._lines.put_back(ended.again)
            self._followed = float("-inf")  # a successor is hired at once

    def _joined(self, ref: Any) -> None:
        try:
            self._staff.welcome(ref)
        except (GansearchError, ray.exceptions.RayTaskError):
            logger.warning("an actor cannot measure", exc_info=True)
        if hopeless := self._staff.hopeless():
            for work in self._lines.drain():
                self._outcomes.append(Outcome(ticket=work.ticket, failure=hopeless))

    def _dismiss(self, actor: Measurer) -> None:
        self._take_back(self._staff.dismiss([actor]))

    def _take_back(self, returned: list[Measuring]) -> None:
        """What waited for actors that went is for any."""
        self._lines.put_back(returned)
        self._lines.forget_all_but(self._staff.actors)
