"""One cluster, several workers: what each may have of it, and what all of them ask for."""

import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from workers.pool.need import ROUNDING, Need
from workers.pool.shares import shares
from workers.pool.turns import Line

Bundle = Mapping[str, float]  # resources by Ray's names
MANY = sys.maxsize  # more than anything takes
FORGET_SECONDS = 15.0  # after which a worker that says nothing is taken for dead
# The same of one that has a whole ask: a database that stands still holds its worker up for half a
# minute, and what is granted to another meanwhile cannot be had back.
FORGET_WHOLE_SECONDS = 75.0
FIRST_SECONDS = 5.0  # for a desk that is new to hear what has begun


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What a worker could use now, those that it has among them: so many actors, and devices to
    itself."""

    actors: int
    need: Need
    devices: Sequence[str] = ()  # by their resources' names
    held: int = 0  # actors that it has, though some may have nothing to do
    whole: bool = False  # it can use all of these actors or none, and gives none back: a training


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What it may have: so many actors; `contested` are those of its devices others ask for."""

    actors: int
    contested: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class _Said:
    """What a worker asked for last, when, and for how many such actors there was space."""

    ask: Ask
    at: float
    room: int

    @property
    def useful(self) -> Ask:
        """Without what would fit nowhere."""
        return replace(self.ask, actors=min(self.ask.actors, self.room))


class Desk:
    """What lives in the one actor that all workers of a cluster tell what they could use.

    Whole asks that have begun come first, for nothing can be had back of them. What they leave is
    dealt out evenly to those that can use any number, and what nobody can use stays with those that
    have it. A whole ask begins when there is room for it beside those that began before and beside
    all that stand in line before it: one actor for each, and the whole of what waits to begin.

    `tell_autoscaler` is handed the sum of it all at first, for whatever stood before, and whenever
    it changes; again where it did not take it, of which it tells.
    """

    def __init__(
        self,
        tell_autoscaler: Callable[[Sequence[Bundle]], bool],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell = tell_autoscaler
        self._clock = clock
        self._began = clock()
        self._asks: dict[str, _Said] = {}
        self._line = Line()
        self._begun: set[str] = set()  # workers whose whole asks have been granted
        self._told: list[Bundle] | None = None

    def ask(self, worker: str, ask: Ask, room: int, *, cores: int = MANY) -> Grant:
        """Enter what a worker could use, in place of what it said before; `room` is for how many
        such actors the cluster's nodes have space, where nothing else is, and `cores` what they
        have of them."""
        now = self._clock()
        said = self._asks[worker].ask if worker in self._asks else None
        if said is None or not ask.actors or _size(ask) != _size(said):
            self._leave(worker)
        self._asks[worker] = _Said(ask=ask, at=now, room=room)
        self.forget()
        if ask.actors:
            self._line.stand(worker, served=ask.held > 0 and not ask.whole, now=now)
        others = {d for w, s in self._asks.items() if w != worker for d in s.ask.devices}
        granted = self._whole(worker, room) if ask.whole else self._share(worker, room, cores)
        return Grant(actors=granted, contested=frozenset(others & set(ask.devices)))

    def forget(self) -> None:
        """Those that say nothing any more; to be called now and then, for it may be all of them."""
        now = self._clock()
        for worker, said in list(self._asks.items()):
            patience = FORGET_WHOLE_SECONDS if worker in self._begun else FORGET_SECONDS
            if now - said.at >= patience:
                del self._asks[worker]
                self._leave(worker)
        self._pass_on()

    def _leave(self, worker: str) -> None:
        self._line.leave(worker)
        self._begun.discard(worker)

    def _whole(self, worker: str, room: int) -> int:
        """All that it asks for, or nothing yet. Those that want more than there is hold nobody up,
        nor do those of which not one actor fits: they wait for nodes."""
        ask = self._asks[worker].ask
        if worker in self._begun or ask.held:
            self._begun.add(worker)
            return ask.actors
        if self._clock() - self._began < FIRST_SECONDS:
            return 0
        taken = sum(_such_actors(self._asks[w].ask, ask.need) for w in self._begun)
        for ahead in self._line:
            if ahead == worker:
                break
            other, fits = self._asks[ahead].ask, self._asks[ahead].room > 0
            needed = _such_actors(other if other.whole else replace(other, actors=1), ask.need)
            taken += needed if ahead not in self._begun and fits and needed <= room else 0
        if taken + ask.actors > room:
            return 0
        self._begun.add(worker)
        return ask.actors

    def _share(self, worker: str, room: int, cores: int) -> int:
        """Of what those leave that have begun: of what wants GPUs, too, they leave no more than
        their cores."""
        need = self._asks[worker].ask.need
        begun = [self._asks[w].ask for w in self._begun]
        room -= sum(_such_actors(ask, need) for ask in begun)
        left = cores - sum(ask.actors * ask.need.cpus for ask in begun)
        if begun and need.cpus:
            room = min(room, math.floor(left / need.cpus + ROUNDING))
        sharing = {w: s.useful for w, s in self._asks.items() if not s.ask.whole}
        waiting = {w: _such_actors(sharing[w], need) for w in self._line if w in sharing}
        wanted = {w: actors for w, actors in waiting.items() if actors}
        if room >= len(wanted):
            wanted = dict(sorted(wanted.items()))  # each has some, and nobody's share moves
        given = dict.fromkeys(sharing, 0) | shares(wanted, room)
        has = {w: _such_actors(replace(a, actors=a.held), need) for w, a in sharing.items()}
        spare = {w: max(0, has[w] - wanted.get(w, 0)) for w in sorted(sharing)}
        return given[worker] + shares(spare, room - sum(given.values()))[worker]

    def _pass_on(self) -> None:
        bundles: list[Bundle] = []
        for worker in sorted(self._asks):
            ask = self._asks[worker].ask
            bundles += [ask.need.bundle()] * max(ask.actors, ask.held)
        devices = Counter(d for said in self._asks.values() for d in set(said.ask.devices))
        bundles += [{device: 1.0} for device in sorted(devices)]
        if bundles != self._told and self._tell(bundles):
            self._told = bundles


def _size(ask: Ask) -> int:
    """Of what can only be had whole; another size is another ask."""
    return ask.actors if ask.whole else 0


def _such_actors(ask: Ask, need: Need) -> int:
    """How many actors of this need what is asked for takes the place of. Whoever wants no GPU takes
    none from those that do: of these the GPUs are what there are few of."""
    if need.gpus:
        each = ask.need.gpus / need.gpus
    else:
        each = ask.need.cpus / need.cpus if need.cpus else 1.0
    return math.ceil(ask.actors * each - ROUNDING)
