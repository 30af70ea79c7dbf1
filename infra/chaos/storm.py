"""Blows by a seed: every few seconds one part is killed, or stands still for a while."""

import logging
import random
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from infra.chaos.component import Component, Kind
from infra.chaos.falling import Falling
from infra.chaos.site import Site
from infra.chaos.tally import Tallies, Tally

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.2
DOWN_SECONDS = (0.2, 3.0)  # until a killed part is started again
STOP_SECONDS = (1.0, 6.0)
LONG_STOP_SECONDS = (17.0, 22.0)  # longer than any lease
LONG_STOPS = 0.25  # share of them
MOST_AT_ONCE = 3  # parts that are down or not yet recovered: no service without any of its parts


@dataclass
class _Blow:
    """A part that was struck. `served_at` is the number of events that were told when it served
    again, None before."""

    component: Component
    deadly: bool
    at: float
    up_at: float
    served_at: int | None = None


class Storm:
    """Strikes, starts again what fell, and watches how all of it recovers."""

    def __init__(
        self,
        site: Site,
        *,
        seed: int,
        every_seconds: tuple[float, float],
        blows: int | None = None,
        kinds: Collection[Kind] = tuple(Kind),
    ) -> None:
        """A blow comes after a time within `every_seconds`, if the part that it is meant for
        serves by then and at most two others are recovering. After `blows` there is peace. Parts
        of other `kinds` are left alone."""
        self._site = site
        self._kinds = [kind for kind in Kind if kind in kinds]
        self._falling = Falling(site.components)
        self._rng = random.Random(seed)
        self._every = every_seconds
        self._left = blows
        self._cards = self._deck(random.Random(seed))  # of its own: the others' use hangs on time
        self._down: list[_Blow] = []  # struck, and not yet started again
        self._recovering: list[_Blow] = []
        self._awaited = next(self._cards)
        self.tallies = Tallies()

    def rage(self, *, until: Callable[[], bool], seconds: float) -> None:
        """Strike until all blows are dealt, or, where they are not counted, until `until` and every
        kind was killed at least once. Returns once it is so, `until` holds and all that was struck
        has recovered. Raises TimeoutError after so many seconds."""
        deadline = time.monotonic() + seconds
        strike_at = time.monotonic()
        while True:
            enough = until() and all(self._tally(k).killed for k in self._kinds)
            calm = enough if self._left is None else self._left == 0
            self._raise_up()
            self._note_recoveries(nothing_comes=until())
            if calm and until() and not self._down and not self._recovering:
                return
            now = time.monotonic()
            if now > deadline:
                names = ", ".join(b.component.name for b in (*self._down, *self._recovering))
                raise TimeoutError(f"no end after {seconds:g} s; not yet recovered: {names or '-'}")
            if not calm and now >= strike_at and self._strike():
                strike_at = time.monotonic() + self._rng.uniform(*self._every)
            time.sleep(LOOK_SECONDS)

    @property
    def faults(self) -> list[str]:
        """Parts that ended by themselves though nothing had been done to what they need."""
        return self._falling.faults

    def _tally(self, kind: Kind) -> Tally:
        return self.tallies.by_kind[kind]

    def _deck(self, rng: random.Random) -> Iterator[tuple[Kind, bool]]:
        """First a kill of every kind, then kills and stops of all, shuffled again and again."""
        kills = [(kind, True) for kind in self._kinds]
        rng.shuffle(kills)
        yield from kills
        while True:
            cards = [(kind, deadly) for kind in self._kinds for deadly in (True, False)]
            rng.shuffle(cards)
            yield from cards

    def _strike(self) -> bool:
        """The awaited blow, if it can be dealt."""
        if len(self._down) + len(self._recovering) >= MOST_AT_ONCE:
            return False
        kind, deadly = self._awaited
        struck = {blow.component for blow in (*self._down, *self._recovering)}
        there = [c for c in self._site.of_kind(kind) if c not in struck and c.serves()]
        if not there:
            return False
        component, now = self._rng.choice(there), time.monotonic()
        tally = self._tally(kind)
        self._falling.struck(component)
        if deadly:
            component.session.kill()
            tally.killed += 1
            seconds = self._rng.uniform(*DOWN_SECONDS)
        else:
            component.session.pause()
            tally.stopped += 1
            long = self._rng.random() < LONG_STOPS
            seconds = self._rng.uniform(*(LONG_STOP_SECONDS if long else STOP_SECONDS))
        logger.info("%s %s for %.1f s", "killed" if deadly else "stopped", component.name, seconds)
        self._down.append(_Blow(component, deadly, at=now, up_at=now + seconds))
        self._awaited = next(self._cards)
        if self._left is not None:
            self._left -= 1
        return True

    def _raise_up(self) -> None:
        """Start again what was killed, let go on what was stopped, start what fell."""
        now = time.monotonic()
        for blow in [blow for blow in self._down if blow.up_at <= now]:
            self._down.remove(blow)
            if blow.deadly:
                self._falling.start(blow.component)
            else:
                blow.component.session.resume()
            self._recovering.append(blow)
        down = {blow.component for blow in self._down}
        troubled = down | {blow.component for blow in self._recovering}
        for component in self._falling.fallen(down=down, troubled=troubled):
            self._tally(component.kind).fell += 1

    def _note_recoveries(self, *, nothing_comes: bool) -> None:
        for blow in list(self._recovering):
            if blow.served_at is None and blow.component.serves():
                blow.served_at = self._site.watching.events
            if blow.served_at is None:
                continue
            if nothing_comes or self._site.watching.events > blow.served_at:
                self._recovering.remove(blow)
                self._recovered(blow)

    def _recovered(self, blow: _Blow) -> None:
        seconds = time.monotonic() - blow.at
        logger.info("%s recovered after %.1f s", blow.component.name, seconds)
        tally = self._tally(blow.component.kind)
        tally.recovered += 1
        if blow.deadly:
            tally.longest_after_kill = max(tally.longest_after_kill, seconds)
        else:
            tally.longest_after_stop = max(tally.longest_after_stop, seconds)
