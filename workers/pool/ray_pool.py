"""Measurements by actors, one at a time each: who gets what, and what a death costs."""

import logging
import time
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import ray
import ray.exceptions

from search_service.domain.measurement import Measurement, MeasurementRequest
from search_service.errors import ClusterUnavailable, GansearchError, InvalidInput
from search_service.pools import Outcome
from workers.pool import deaths
from workers.pool.actors import Actor, Work
from workers.pool.need import Need
from workers.pool.room import Room
from workers.pool.seated import Seated
from workers.pool.staff import Staff

logger = logging.getLogger(__name__)

MAX_DEATHS = 3  # a request that ends its actor this often has failed
REMEMBERED = 256  # architectures whose last actor is remembered
FOLLOW_SECONDS = 1.0  # between two looks at what the cluster has
IDLE_SECONDS = 30.0  # an actor without work for so long is given back
LIMIT_SECONDS = 3600.0  # of one measurement
ABANDONED_SECONDS = 5.0  # for which an actor may go on with what nobody waits for


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
    ) -> None:
        """`make` starts an actor with the methods of a Seat, for a device or (empty) as a judge.
        `limit_seconds` is for one measurement. Waits for a first actor, whose errors it raises
        (InvalidInput: the parts do not fit; ClusterUnavailable).
        """
        self._room = room
        self._limit_seconds = limit_seconds
        self._staff = Staff(make, room=room, need=need, idle_seconds=idle_seconds)
        self._lines: defaultdict[str, deque[Work]] = defaultdict(deque)  # by device; "": any judge
        self._running: dict[Any, Actor] = {}  # by the reference of the result
        self._last: OrderedDict[str, Actor] = OrderedDict()  # by architecture
        self._outcomes: list[Outcome] = []
        self._tickets = 0
        self._lost_starts = 0  # in a row
        self._followed = float("-inf")
        try:
            self.image_protocols: Mapping[str, Any] = self._first().image_protocols
        except BaseException:
            self.close()
            raise

    def submit(self, request: MeasurementRequest) -> int:
        """See Pool."""
        self._tickets += 1
        self._place(Work(self._tickets, request))
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
        lines = [*self._lines.values(), *(actor.waiting for actor in self._staff.actors)]
        withdrawn = [work.ticket for line in lines for work in line]
        for line in lines:
            line.clear()
        return withdrawn

    def abandon(self) -> None:
        """See Pool. An actor that does not come to the end of it soon is replaced."""
        self.withdraw()
        self._outcomes.clear()
        for actor in self._staff.actors:
            if actor.work is not None and actor.work.ticket:
                actor.work.ticket, actor.abandoned_at = 0, time.monotonic()

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
        self._last.clear()

    def _first(self) -> Seated:
        """Wait until an actor is seated."""
        self._staff.hire()
        while True:
            self._room.check()
            ready, _ = ray.wait(list(self._staff.joining), timeout=FOLLOW_SECONDS)
            if not ready:
                continue
            actor = self._staff.joining.pop(ready[0])
            try:
                seated: Seated = get(ready[0])
            except ray.exceptions.RayTaskError:
                raise
            except ray.exceptions.RayError as error:
                self._lost_starts += 1
                self._dismiss(actor)
                if self._lost_starts == MAX_DEATHS:
                    raise InvalidInput(
                        f"no actor starts, in {MAX_DEATHS} tries: {deaths.reason(error)}"
                    ) from error
                self._staff.hire()
            else:
                self._seat(actor, seated.node)
                return seated

    def _turn(self) -> None:
        """Follow the cluster, and give work to whoever has none."""
        self._room.check()
        now = time.monotonic()
        self._kill_overdue(now)
        if now - self._followed >= FOLLOW_SECONDS:
            self._followed = now
            devices = [device for device, line in self._lines.items() if device and line]
            self._take_back(self._staff.follow(now, demand=self._demand(), devices=devices))
        for actor in self._staff.actors:
            if actor.idle and (work := self._next_for(actor)) is not None:
                self._start(actor, work)

    def _demand(self) -> int:
        """How many judges could be busy now."""
        judges = self._staff.judges
        busy = sum(actor.work is not None for actor in judges)
        return busy + len(self._lines[""]) + sum(len(actor.waiting) for actor in judges)

    def _next_for(self, actor: Actor) -> Work | None:
        """What it knows first, then what any may do, then what waits for another that is busy."""
        if actor.waiting:
            return actor.waiting.popleft()
        if line := self._lines[actor.device]:
            return line.popleft()
        if actor.device:
            return None
        longest = max(self._staff.judges, key=lambda other: len(other.waiting))
        return longest.waiting.popleft() if longest.waiting else None

    def _place(self, work: Work) -> None:
        """In the line of the device, of the actor that knows the architecture, or of all."""
        known = None if work.request.device else self._last.get(work.request.architecture)
        (known.waiting if known is not None else self._lines[work.request.device]).append(work)

    def _start(self, actor: Actor, work: Work) -> None:
        actor.work, actor.since = work, time.monotonic()
        self._running[actor.handle.measure.remote(work.request)] = actor
        if not actor.device:
            self._last[work.request.architecture] = actor
            if len(self._last) > REMEMBERED:
                self._last.popitem(last=False)

    def _receive(self, timeout_seconds: float) -> None:
        """Wait for one thing to happen, at most so long."""
        pending = [*self._running, *self._staff.joining]
        if not pending:
            if any(self._lines.values()):
                time.sleep(min(timeout_seconds, FOLLOW_SECONDS))  # for room
            return
        ready, _ = ray.wait(pending, num_returns=1, timeout=self._until_due(timeout_seconds))
        for ref in ready:
            if ref in self._running:
                self._collect(self._running.pop(ref), ref)
            else:
                self._joined(self._staff.joining.pop(ref), ref)

    def _until_due(self, seconds: float) -> float:
        starts = [actor.since for actor in self._staff.actors if actor.work is not None]
        due = min(starts, default=float("inf")) + self._limit_seconds - time.monotonic()
        return max(0.0, min(seconds, due))

    def _collect(self, actor: Actor, ref: Any) -> None:
        work, actor.work, actor.since = actor.work, None, time.monotonic()
        assert work is not None
        try:
            measurement: Measurement = get(ref)
        except GansearchError as error:
            self._answer(work, failure=str(error))
        except ray.exceptions.RayTaskError as error:
            logger.exception("a measurement raised", extra={"request": str(work.request)})
            cause = error.cause or error
            self._answer(work, failure=f"{type(cause).__name__}: {cause}")
        except ray.exceptions.RayError as error:
            self._after_death(actor, work, error)
            return
        else:
            self._answer(work, measurement)
        if actor.leaving:
            self._dismiss(actor)

    def _answer(
        self, work: Work, measurement: Measurement | None = None, *, failure: str = ""
    ) -> None:
        if work.ticket:
            outcome = Outcome(ticket=work.ticket, measurement=measurement, failure=failure)
            self._outcomes.append(outcome)

    def _joined(self, actor: Actor, ref: Any) -> None:
        try:
            seated: Seated = get(ref)
        except (GansearchError, ray.exceptions.RayTaskError):
            self._seat(actor, "")  # whatever it is asked will say the same
        except ray.exceptions.RayError as error:
            logger.warning("an actor did not start", extra={"cause": deaths.reason(error)})
            self._dismiss(actor)
            self._lost_starts += 1
            if self._lost_starts >= MAX_DEATHS and all(
                other.seated_at is None for other in self._staff.actors
            ):
                self._give_up(f"no actor starts: {deaths.reason(error)}")
        else:
            self._seat(actor, seated.node)

    def _seat(self, actor: Actor, node: str) -> None:
        actor.node, actor.seated_at, actor.since = node, time.monotonic(), time.monotonic()
        self._lost_starts = 0

    def _give_up(self, why: str) -> None:
        """Nobody can do what waits."""
        for line in self._lines.values():
            while line:
                self._answer(line.popleft(), failure=why)
        self._lost_starts = 0

    def _after_death(self, actor: Actor, work: Work, error: Exception) -> None:
        """The dead actor's work is tried again, unless it was the death of too many."""
        innocent = deaths.is_of_node(actor.node, self._room.nodes()) and not actor.overdue
        why = deaths.reason(error)
        if not work.ticket:
            why = "nobody waits for its work any more"
        elif actor.overdue:
            why = f"it took longer than its limit of {self._limit_seconds:g} s"
        logger.warning(
            "an actor died", extra={"device": actor.device, "cause": why, "with_node": innocent}
        )
        self._dismiss(actor)
        work.deaths += not innocent
        if work.deaths >= MAX_DEATHS:
            failure = f"ended its actor {MAX_DEATHS} times, the last time because {why}"
            self._answer(work, failure=failure)
        elif work.ticket:
            self._lines[work.request.device].appendleft(work)
        self._followed = float("-inf")  # a successor is hired at once

    def _dismiss(self, actor: Actor) -> None:
        self._take_back(self._staff.dismiss([actor]))

    def _take_back(self, returned: list[Work]) -> None:
        """What waited for actors that went is for any; nobody is known to them that went."""
        for work in reversed(returned):
            self._lines[work.request.device].appendleft(work)
        present = set(self._staff.actors)
        if any(actor not in present for actor in self._last.values()):
            self._last = OrderedDict((k, a) for k, a in self._last.items() if a in present)

    def _kill_overdue(self, now: float) -> None:
        for actor in self._staff.actors:
            if actor.work is None or actor.overdue:
                continue
            unheard = not actor.work.ticket and now - actor.abandoned_at > ABANDONED_SECONDS
            if unheard or now - actor.since > self._limit_seconds:
                actor.overdue = True
                ray.kill(actor.handle)


def get(ref: Any) -> Any:
    """The result; an error of ours that was raised in an actor is raised as itself."""
    try:
        return ray.get(ref)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, GansearchError):
            raise error.cause from None
        raise
