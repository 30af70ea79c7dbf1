"""Actors that measure, one request at a time each: who gets what, and what a death costs."""

import logging
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import ray
import ray.exceptions

from search_service import telemetry
from search_service.domain.measurement import Measurement, MeasurementRequest
from search_service.errors import GansearchError
from search_service.pools import Outcome
from workers.pool.seat import Seat
from workers.pool.spec import EvaluatorSpec

logger = logging.getLogger(__name__)

DEVICE_PREFIX = "device:"  # a node offers a device by the resource `device:<name>`
MAX_TRIES = 3  # a request that kills its actor this often has failed
REMEMBERED = 256  # architectures whose last actor is remembered


@dataclass
class _Work:
    """A request on its way."""

    ticket: int
    request: MeasurementRequest
    tries: int = 0


@dataclass(eq=False)
class _Actor:
    """An actor and what it is doing. `device` is empty for those that judge images."""

    handle: Any
    device: str = ""
    work: _Work | None = None
    waiting: deque[_Work] = field(default_factory=deque)  # meant for this one


class RayPool:
    """A `search_service.pools.Pool` over Ray actors."""

    def __init__(self, spec: EvaluatorSpec, *, actors: int) -> None:
        self._spec = spec
        self._weights = ray.put(dict(spec.weights))  # once per node, whatever the actors
        self._shared: deque[_Work] = deque()
        self._running: dict[Any, _Actor] = {}  # by the reference of the result
        self._last: OrderedDict[str, _Actor] = OrderedDict()  # by architecture
        self._tickets = 0
        self._actors: list[_Actor] = []
        first = self._hire("")
        try:
            self.image_protocols: Mapping[str, Any] = get(first.handle.image_protocols.remote())
        except BaseException:
            self.close()
            raise
        for _ in range(actors - 1):
            self._hire("")

    def submit(self, request: MeasurementRequest) -> int:
        """See Pool."""
        self._tickets += 1
        self._place(_Work(self._tickets, request))
        self._dispatch()
        return self._tickets

    def wait(self, timeout_seconds: float) -> Sequence[Outcome]:
        """See Pool."""
        self._dispatch()
        if not self._running:
            return []
        ready, _ = ray.wait(list(self._running), num_returns=1, timeout=timeout_seconds)
        outcomes = [outcome for ref in ready if (outcome := self._collect(ref)) is not None]
        self._dispatch()
        return outcomes

    def abandon(self) -> None:
        """See Pool. A measurement under way runs to its end, unheard."""
        self._shared.clear()
        for actor in self._actors:
            actor.waiting.clear()
        for actor in self._running.values():
            if actor.work is not None:
                actor.work.ticket = 0

    def close(self) -> None:
        """End the actors."""
        for actor in self._actors:
            ray.kill(actor.handle)
            telemetry.set_workers(0, device=actor.device)
        self._actors.clear()

    def _place(self, work: _Work) -> None:
        """In the line of the device, of the actor that knows the architecture, or of all."""
        device = work.request.device
        if device:
            actor = next((a for a in self._actors if a.device == device), None)
            (actor or self._hire(device)).waiting.append(work)
            return
        known = self._last.get(work.request.architecture)
        (known.waiting if known is not None else self._shared).append(work)

    def _dispatch(self) -> None:
        for actor in self._actors:
            if actor.work is not None:
                continue
            line = actor.waiting if actor.waiting or actor.device else self._shared
            if line:
                self._start(actor, line.popleft())

    def _start(self, actor: _Actor, work: _Work) -> None:
        actor.work = work
        work.tries += 1
        self._running[actor.handle.measure.remote(work.request)] = actor
        if not actor.device:
            self._last[work.request.architecture] = actor
            if len(self._last) > REMEMBERED:
                self._last.popitem(last=False)

    def _collect(self, ref: Any) -> Outcome | None:
        actor = self._running.pop(ref)
        work, actor.work = actor.work, None
        assert work is not None
        try:
            measurement: Measurement = get(ref)
        except GansearchError as error:
            outcome = Outcome(ticket=work.ticket, failure=str(error))
        except ray.exceptions.RayTaskError as error:
            logger.exception("a measurement raised", extra={"request": str(work.request)})
            cause = error.cause or error
            outcome = Outcome(ticket=work.ticket, failure=f"{type(cause).__name__}: {cause}")
        except ray.exceptions.RayError as error:
            return self._after_death(actor, work, error)
        else:
            outcome = Outcome(ticket=work.ticket, measurement=measurement)
        return outcome if work.ticket else None

    def _after_death(self, actor: _Actor, work: _Work, error: Exception) -> Outcome | None:
        """Replace a dead actor; its work is tried again, up to a limit."""
        logger.warning(
            "an actor died", extra={"device": actor.device, "cause": type(error).__name__}
        )
        self._last = OrderedDict((k, a) for k, a in self._last.items() if a is not actor)
        actor.handle = self._handle(actor.device)
        if not work.ticket:
            return None
        if work.tries >= MAX_TRIES:
            failure = f"killed its actor {MAX_TRIES} times ({type(error).__name__})"
            return Outcome(ticket=work.ticket, failure=failure)
        self._place(work)
        return None

    def _hire(self, device: str) -> _Actor:
        """One actor more: to judge images, or to time on a device."""
        actor = _Actor(handle=self._handle(device), device=device)
        self._actors.append(actor)
        alike = sum(other.device == device for other in self._actors)
        telemetry.set_workers(alike, device=device)
        return actor

    def _handle(self, device: str) -> Any:
        resources = {DEVICE_PREFIX + device: 1} if device else {}
        actor = ray.remote(Seat).options(num_cpus=0 if device else 1, resources=resources)
        handle: Any = actor.remote(
            self._weights, self._spec.family, self._spec.parameters, self._spec.judging
        )
        handle.image_protocols.remote()  # not waited for: it builds its evaluator now
        return handle


def get(ref: Any) -> Any:
    """The result; an error of ours that was raised in an actor is raised as itself."""
    try:
        return ray.get(ref)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, GansearchError):
            raise error.cause from None
        raise
