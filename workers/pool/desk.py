"""One cluster, several workers: what each may have of it, and what all of them ask for."""

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from workers.pool.need import ROUNDING, Need

Bundle = Mapping[str, float]  # resources by Ray's names
FORGET_SECONDS = 15.0  # after which a worker that says nothing is taken for dead


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What a worker could use now: so many actors, and devices to itself."""

    actors: int
    need: Need
    devices: Sequence[str] = ()  # by their resources' names


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What it may have: so many actors; `contested` are those of its devices others ask for."""

    actors: int
    contested: frozenset[str] = frozenset()


class Desk:
    """What lives in the one actor that all workers of a cluster tell what they could use.

    `tell_autoscaler` is handed the sum of it at first, for whatever stood before, and whenever it
    changes; again where it did not take it, of which it tells.
    """

    def __init__(
        self,
        tell_autoscaler: Callable[[Sequence[Bundle]], bool],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell = tell_autoscaler
        self._clock = clock
        self._asks: dict[str, tuple[float, Ask]] = {}
        self._told: list[Bundle] | None = None

    def ask(self, worker: str, ask: Ask, room: int) -> Grant:
        """Enter what a worker could use, in place of what it said before; `room` is for how many
        such actors the cluster's nodes have space."""
        self._asks[worker] = (self._clock(), ask)
        self.forget()
        wanted = {w: _such_actors(a, ask.need) for w, (_, a) in self._asks.items()}
        others = {d for w, (_, a) in self._asks.items() if w != worker for d in a.devices}
        return Grant(
            actors=shares(wanted, room)[worker], contested=frozenset(others & set(ask.devices))
        )

    def forget(self) -> None:
        """Those that say nothing any more; to be called now and then, for it may be all of them."""
        now = self._clock()
        self._asks = {w: a for w, a in self._asks.items() if now - a[0] < FORGET_SECONDS}
        self._pass_on()

    def _pass_on(self) -> None:
        bundles: list[Bundle] = []
        for worker in sorted(self._asks):
            ask = self._asks[worker][1]
            bundles += [ask.need.bundle()] * ask.actors
        devices = Counter(d for _, a in self._asks.values() for d in set(a.devices))
        bundles += [{device: 1.0} for device in sorted(devices)]
        if bundles != self._told and self._tell(bundles):
            self._told = bundles


def _such_actors(ask: Ask, need: Need) -> int:
    """How many actors of this need what is asked for takes the place of. Whoever wants no GPU takes
    none from those that do: of these the GPUs are what there are few of."""
    if need.gpus:
        each = ask.need.gpus / need.gpus
    else:
        each = ask.need.cpus / need.cpus if need.cpus else 1.0
    return math.ceil(ask.actors * each - ROUNDING)


def shares(wanted: Mapping[str, int], room: int) -> dict[str, int]:
    """Room dealt out one by one to those who still want: none gets more than it wants, nothing is
    left that someone wants, and of two that want more, one has at most one more than the other
    (max-min fairness). Deterministic: the remainder goes by name.
    """
    given = dict.fromkeys(wanted, 0)
    left = room
    while left > 0 and (hungry := sorted(w for w in wanted if given[w] < wanted[w])):
        each = max(1, min(left // len(hungry), min(wanted[w] - given[w] for w in hungry)))
        for worker in hungry[:left]:
            given[worker] += each
            left -= each
    return given
