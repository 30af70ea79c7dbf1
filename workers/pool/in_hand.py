"""What is in the actors' hands until it is answered, and what a death costs."""

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import ray
import ray.exceptions

from search_service.domain.measurement import Measurement
from search_service.errors import GansearchError
from search_service.pools import Outcome
from workers.pool import deaths
from workers.pool.actors import Measurer, Measuring
from workers.pool.results import get
from workers.pool.room import Room

logger = logging.getLogger(__name__)

MAX_DEATHS = 3  # a request that ends its actor this often has failed
LIMIT_SECONDS = 3600.0  # of one measurement, or one shard of a scoring
ABANDONED_SECONDS = 5.0  # for which an actor may go on with what nobody waits for


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How an actor came to the end of a work: by doing it, or by dying of it, or both."""

    actor: Measurer
    outcome: Outcome | None  # none where it is to be tried again, or nobody waits for it
    died: bool = False  # nothing else comes from it
    again: Sequence[Measuring] = ()  # what a dead one held, to be tried in this order


class InHand:
    """Who does what. A work that is given to an actor is in its `works` until it has ended."""

    def __init__(self, *, room: Room, limit_seconds: float) -> None:
        """`limit_seconds` is for one measurement."""
        self._room = room
        self._limit_seconds = limit_seconds
        self._running: dict[Any, tuple[Measurer, Measuring]] = {}  # by the reference of the result

    def __contains__(self, ref: Any) -> bool:
        """Whether it is the reference of a result that has not been taken in."""
        return ref in self._running

    def references(self) -> list[Any]:
        """Of the results to come."""
        return list(self._running)

    def give(self, actor: Measurer, work: Measuring) -> None:
        """Have it measured, after what the actor holds already."""
        if not actor.works:
            actor.since = time.monotonic()
        actor.works.append(work)
        self._running[actor.handle.measure.remote(work.request)] = (actor, work)

    def take(self, ref: Any) -> Ended:
        """Take in a result that is there. Of a dead actor nothing else will come."""
        actor, work = self._running.pop(ref)
        try:
            measurement: Measurement = get(ref)
        except GansearchError as error:
            outcome = _answer(work, failure=str(error))
        except ray.exceptions.RayTaskError as error:
            logger.exception("a measurement raised", extra={"request": str(work.request)})
            cause = error.cause or error
            outcome = _answer(work, failure=f"{type(cause).__name__}: {cause}")
        except ray.exceptions.RayError as error:
            return self._after_death(actor, error)
        else:
            outcome = _answer(work, measurement)
        now = time.monotonic()
        actor.works.remove(work)
        actor.seconds, actor.since = now - actor.since, now
        if actor.overdue:  # it was ended just as it had done
            again = self._let_fall(actor)
            return Ended(actor=actor, outcome=outcome, died=True, again=again)
        return Ended(actor=actor, outcome=outcome)

    def seconds_to_limit(self, actors: Iterable[Measurer]) -> float:
        """Until the first of what they do has taken too long; of those that were ended for it the
        death is waited for."""
        starts = [actor.since for actor in actors if actor.works and not actor.overdue]
        return min(starts, default=float("inf")) + self._limit_seconds - time.monotonic()

    def kill_overdue(self, actors: Iterable[Measurer], now: float) -> None:
        """End those whose work takes too long, or has not been waited for any more for a while."""
        for actor in actors:
            if not actor.works or actor.overdue:
                continue
            unheard = not actor.works[0].ticket and now - actor.abandoned_at > ABANDONED_SECONDS
            if unheard or now - actor.since > self._limit_seconds:
                actor.overdue = True
                ray.kill(actor.handle)

    def forget(self) -> None:
        """No result is taken in any more."""
        self._running.clear()

    def _after_death(self, actor: Measurer, error: Exception) -> Ended:
        """The dead actor's work is to be tried again, unless it was the death of too many."""
        now, nodes = time.monotonic(), self._room.look()
        work = actor.works[0]
        why = deaths.reason(error)
        if actor.overdue:
            why = f"it took longer than its limit of {self._limit_seconds:g} s"
        if not work.ticket:
            why = "nobody waits for its work any more"
        with_node = deaths.is_gone(actor.node, nodes) and not actor.overdue
        if not with_node:
            uncertain = deaths.is_uncertain(error) and not actor.overdue
            work.deaths.add(nodes=[actor.node], now=now, uncertain=uncertain)
        facts = {"device": actor.device, "cause": why, "with_node": with_node}
        logger.warning("an actor died", extra=facts)
        outcome = None
        if work.deaths.count(now, partial(deaths.is_gone, nodes=nodes)) >= MAX_DEATHS:
            failure = f"ended its actor {MAX_DEATHS} times, the last time because {why}"
            outcome = _answer(work, failure=failure)
            actor.works.remove(work)
        return Ended(actor=actor, outcome=outcome, died=True, again=self._let_fall(actor))

    def _let_fall(self, actor: Measurer) -> list[Measuring]:
        """What a dead actor holds still, in its order, as far as it is waited for."""
        self._running = {r: held for r, held in self._running.items() if held[0] is not actor}
        return [work for work in actor.works if work.ticket]


def _answer(
    work: Measuring, measurement: Measurement | None = None, *, failure: str = ""
) -> Outcome | None:
    if not work.ticket:
        return None
    return Outcome(ticket=work.ticket, measurement=measurement, failure=failure)
