"""Actors that Ray's memory monitor ends: on this node whatever is in use is too much."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import ray

from tests.support.waiting import PATIENCE_SECONDS
from workers.pool.actors import Actor, Work
from workers.pool.cluster import Cluster
from workers.pool.in_hand import MAX_DEATHS, InHand

pytestmark = [
    pytest.mark.slow,
    pytest.mark.ray,
    pytest.mark.xdist_group("out_of_memory"),
    pytest.mark.timeout(900),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RAY_memory_usage_threshold", "0")
        environment.setenv("RAY_memory_monitor_refresh_ms", "100")
        cluster = Cluster(cpus=1)
    with closing(cluster):
        yield cluster


def test_a_request_whose_actors_run_out_of_memory_fails_and_says_so(
    cluster: Cluster, seats: Any, ask_for: Any
) -> None:
    in_hand, work = InHand(room=cluster, limit_seconds=3600), Work(1, ask_for("sleep"))
    failures = []
    for _ in range(MAX_DEATHS):
        in_hand.give(Actor(handle=seats()("")), work)
        (ref,) = in_hand.references()
        ray.wait([ref], timeout=PATIENCE_SECONDS)
        ended = in_hand.take(ref)
        assert ended.died
        failures.append(ended.outcome and ended.outcome.failure)
    why = f"ended its actor {MAX_DEATHS} times, the last time because it ran out of memory"
    assert failures == [None] * (MAX_DEATHS - 1) + [why]
