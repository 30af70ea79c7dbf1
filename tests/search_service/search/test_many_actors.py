"""Promise 1 at scale: actors that finish in any order, in time that is counted, not waited for."""

import heapq
import math
from collections import deque
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pytest

from search_service.domain.measurement import MeasurementRequest
from search_service.pools import InlinePool, Outcome
from search_service.search import loop

ACTORS = 16


class ActorsInCountedTime(InlinePool):
    """So many actors, each busy with a request for a random time; `now` is when the last outcome
    that was given came in, `worked` the sum of all their busy times."""

    def __init__(self, measure: Any, *, actors: int, seed: int, spread: float) -> None:
        super().__init__(measure)
        self._actors = actors
        self._times = np.random.default_rng(seed)
        self._spread = spread
        self._line: deque[tuple[int, MeasurementRequest]] = deque()
        self._busy: list[tuple[float, int, MeasurementRequest]] = []
        self.now = self.worked = 0.0
        self.order: list[int] = []

    def submit(self, request: MeasurementRequest) -> int:
        """See Pool."""
        self._tickets += 1
        self._line.append((self._tickets, request))
        return self._tickets

    def wait(self, timeout_seconds: float) -> Sequence[Outcome]:
        """See Pool."""
        while self._line and len(self._busy) < self._actors:
            ticket, request = self._line.popleft()
            seconds = math.exp(self._times.normal(0.0, self._spread))
            self.worked += seconds
            heapq.heappush(self._busy, (self.now + seconds, ticket, request))
        if not self._busy:
            return []
        self.now, ticket, request = heapq.heappop(self._busy)
        self.order.append(ticket)
        return [Outcome(ticket=ticket, measurement=self._measure(request))]

    def withdraw(self) -> Collection[int]:
        """See Pool."""
        withdrawn = [ticket for ticket, _ in self._line]
        self._line.clear()
        return withdrawn

    def abandon(self) -> None:
        """See Pool."""
        self._line.clear()
        self._busy.clear()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A search by so many actors: its evaluations, its front, and the pool it ran in."""

    def run(world: Any, *, actors: int, seed: int, spread: float = 1.0, **spec: Any) -> Any:
        pools: list[ActorsInCountedTime] = []

        def pool(measure: Any, **_: Any) -> ActorsInCountedTime:
            pools.append(ActorsInCountedTime(measure, actors=actors, seed=seed, spread=spread))
            return pools[-1]

        monkeypatch.setitem(type(world).run.__globals__, "InlinePool", pool)
        job = world.submit(**{"parallelism": ACTORS, **spec})
        world.run()
        evaluations = sorted(world.storage.evaluations.of_job(job.id), key=lambda e: e.number)
        front = world.storage.evaluations.front_of(job.id)
        return (
            [(e.architecture, e.state, e.rung, dict(e.values)) for e in evaluations],
            sorted((e.architecture, str(dict(e.best_values))) for e in front),
            pools[0],
        )

    return run


@pytest.mark.parametrize("searcher", ["random", "nsga2"])
def test_promise_1_one_actor_and_sixteen_search_alike_whatever_the_finishing_order(
    make_world: Any, run: Any, searcher: str
) -> None:
    asked = {"searcher": {"name": searcher}, "budget": {"evaluations": 40}}
    alone, alone_front, in_turn = run(make_world(), actors=1, seed=0, **asked)
    assert len(alone) == 40
    assert in_turn.order == sorted(in_turn.order)
    for seed in (1, 2):
        many, front, pool = run(make_world(), actors=ACTORS, seed=seed, **asked)
        assert (many, front) == (alone, alone_front)
        assert pool.order != sorted(pool.order)


def test_no_actor_waits_for_a_generation_to_end(
    make_world: Any, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it proposes, with a window of twice the actors: generations of sixteen would wait for
    their slowest at every end, and leave nearly half of the time unused."""
    moments: list[tuple[float, float]] = []
    conclude = loop.Search._conclude

    def noted(search: loop.Search) -> Any:
        pool: Any = search.pool
        moments.append((pool.now, pool.worked))
        return conclude(search)

    monkeypatch.setattr(loop.Search, "_conclude", noted)
    asked = {"searcher": {"name": "nsga2", "parameters": {"population_size": ACTORS}}}
    spread = 0.35
    run(
        make_world(),
        actors=ACTORS,
        seed=3,
        spread=spread,
        budget={"evaluations": 160},
        parallelism=2 * ACTORS,
        fidelity={"samples": [128], "final_samples": 256},
        **asked,
    )
    now, worked = moments[0]
    efficiency = worked / (now * ACTORS)
    draws = np.exp(np.random.default_rng(0).normal(0.0, spread, (200, ACTORS)))
    by_generation = float(draws.sum() / (draws.max(axis=1).sum() * ACTORS))
    assert by_generation < 0.6
    assert efficiency > 0.8
