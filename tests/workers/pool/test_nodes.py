"""A pool on a real cluster whose nodes come and go, and which another worker shares."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ray
from ray._private.ray_constants import AUTOSCALER_RESOURCE_REQUEST_CHANNEL
from ray.experimental.internal_kv import _internal_kv_get

from search_service.domain.measurement import Measurement
from search_service.pools import Outcome
from tests.support.neighbours import CORES, actors, neighbour
from tests.support.waiting import until
from workers.pool.cluster import Cluster
from workers.pool.in_hand import MAX_DEATHS
from workers.pool.need import Need
from workers.pool.ray_pool import RayPool

pytestmark = [
    pytest.mark.slow,
    pytest.mark.ray,
    pytest.mark.xdist_group("nodes"),
    pytest.mark.timeout(900),
]


@pytest.fixture
def go(tmp_path: Path) -> Path:
    """What `wait` waits for, until it is touched."""
    return tmp_path / "go"


def room(cluster: Cluster) -> int:
    return Need().room(node.resources for node in cluster.nodes() if node.alive)


def free_cores() -> float:
    resources: dict[str, float] = ray.available_resources()  # type: ignore[no-untyped-call]  # Ray's
    return resources.get("CPU", 0.0)


def asked_of_the_autoscaler() -> list[dict[str, float]]:
    """The bundles that Ray keeps for it."""
    return json.loads(_internal_kv_get(AUTOSCALER_RESOURCE_REQUEST_CHANNEL) or b"[]")  # type: ignore[no-any-return]


def served(pool: RayPool, *, done: Callable[[list[Outcome]], bool]) -> list[Outcome]:
    """What came in until it was enough; the pool is given its turns meanwhile."""
    found: list[Outcome] = []

    def enough() -> bool:
        found.extend(pool.wait(0.2))
        return done(found)

    until(enough)
    return found


def waiting(go: Path) -> int:
    """How many have begun to wait for it."""
    marks = go.with_name(go.name + ".waiting")
    return len(marks.read_text()) if marks.exists() else 0


def measured(outcomes: list[Outcome]) -> list[Measurement]:
    assert [outcome.failure for outcome in outcomes] == [""] * len(outcomes)
    return [outcome.measurement for outcome in outcomes if outcome.measurement is not None]


def test_a_pool_grows_onto_a_node_that_joins_and_gives_all_back_when_idle(
    nodes: Any, cluster: Cluster, seats: Any, ask_for: Any, go: Path
) -> None:
    with closing(RayPool(seats(), room=cluster, need=Need(), idle_seconds=1)) as pool:
        for _ in range(8):
            pool.submit(ask_for(f"wait {go}"))
        served(pool, done=lambda _: actors() == CORES)
        joined = nodes.add(num_cpus=3)
        served(pool, done=lambda _: waiting(go) == CORES + 3)
        served(pool, done=lambda _: asked_of_the_autoscaler() == [{"CPU": 1.0}] * 8)
        go.touch()
        done = measured(served(pool, done=lambda found: len(found) == 8))
        assert len({measurement.details["process"] for measurement in done}) == CORES + 3
        assert len({measurement.details["node"] for measurement in done}) == 2

        def rested() -> bool:
            pool.rest()
            return actors() == 0 and free_cores() == CORES + 3 and not asked_of_the_autoscaler()

        until(rested)
        nodes.kill(joined)
        until(lambda: room(cluster) == CORES)
        pool.submit(ask_for("aa"))
        assert measured(served(pool, done=lambda found: len(found) == 1))[0].value == 2


def test_a_nodes_death_is_not_counted_against_what_was_measured_on_it(
    nodes: Any, cluster: Cluster, seats: Any, ask_for: Any, go: Path
) -> None:
    """Each has ended as many actors as it may, then its node dies under it. Judges of a quarter of
    a GPU, and a device's actor, are where there is such a node."""
    rich = {"num_cpus": 2, "num_gpus": 1, "resources": {"device:alpha": 1}}
    need = Need(cpus=0.5, gpus=0.25)
    first = nodes.add(**rich)
    until(lambda: [*cluster.devices()] == ["alpha"])
    with closing(RayPool(seats(cpus=0.5, gpus=0.25), room=cluster, need=need)) as pool:
        works = [f"die {MAX_DEATHS - 1} {go}{number}" for number in range(4)]
        tickets = [
            pool.submit(ask_for(work, device="alpha" if number == 3 else ""))
            for number, work in enumerate(works)
        ]
        endings = [Path(f"{go}{number}.deaths") for number in range(4)]
        last = "x" * MAX_DEATHS  # the try that waits
        served(pool, done=lambda _: all(e.exists() and e.read_text() == last for e in endings))
        assert (actors(), actors("alpha")) == (3, 1)
        nodes.kill(first)
        second = nodes.add(**rich)
        for number in range(4):
            Path(f"{go}{number}").touch()
        outcomes = served(pool, done=lambda found: len(found) == 4)
        assert sorted(outcome.ticket for outcome in outcomes) == tickets
        done = measured(outcomes)
        there = {node.id for node in cluster.look() if node.alive and "GPU" in node.resources}
        assert {measurement.details["node"] for measurement in done} == there
        assert sorted(measurement.details["gpus"] for measurement in done) == [[]] + [[0]] * 3
    nodes.kill(second)


def test_what_ends_its_actors_on_any_node_fails_and_the_others_do_not(
    nodes: Any, cluster: Cluster, seats: Any, ask_for: Any
) -> None:
    with closing(RayPool(seats(), room=cluster, need=Need(), limit_seconds=20)) as pool:
        tickets = {pool.submit(ask_for(name)): name for name in ["a", "die", "bb", "ccc"]}
        failures = {
            tickets[outcome.ticket]: outcome.failure
            for outcome in served(pool, done=lambda found: len(found) == 4)
        }
        why = f"ended its actor {MAX_DEATHS} times, the last time because its process crashed"
        assert failures == {"a": "", "bb": "", "ccc": "", "die": why}


def test_weights_are_on_a_node_once_and_no_actor_there_has_a_copy(
    cluster: Cluster, seats: Any, ask_for: Any, go: Path
) -> None:
    weights = {"w": np.ones(8 * 1024**2, dtype=np.float32)}
    size_kib = weights["w"].nbytes // 1024
    with closing(RayPool(seats(), room=cluster, need=Need())) as pool:
        pool.submit(ask_for("bare"))
        (bare,) = measured(served(pool, done=lambda found: len(found) == 1))
    made = seats(weights=ray.put(weights))
    with closing(RayPool(made, room=cluster, need=Need())) as pool:
        for _ in range(CORES):
            pool.submit(ask_for(f"wait {go}"))
        served(pool, done=lambda _: waiting(go) == CORES)
        go.touch()
        full = measured(served(pool, done=lambda found: len(found) == CORES))
    assert len({measurement.details["process"] for measurement in full}) == CORES
    for measurement in full:
        assert measurement.details["sums"] == {"w": weights["w"].size}  # so it was read
        assert measurement.details["own"] == []
        more = measurement.details["private_kib"] - bare.details["private_kib"]
        assert more < size_kib / 4


def test_who_waits_for_a_first_actor_can_be_stopped_and_leaves_nothing(
    cluster: Cluster, seats: Any
) -> None:
    class Stop(Exception):
        pass

    def stop() -> None:
        raise Stop

    with pytest.raises(Stop):
        RayPool(seats(cpus=64), room=cluster, need=Need(cpus=64), check=stop)
    assert actors() == 0
    until(lambda: free_cores() == CORES)


def test_two_workers_have_a_share_each_and_the_last_one_has_all(
    cluster: Cluster, nodes: Any, seats: Any, ask_for: Any, go: Path
) -> None:
    theirs = go.with_name("theirs")
    with closing(RayPool(seats(), room=cluster, need=Need(), idle_seconds=3600)) as pool:
        for _ in range(4):
            pool.submit(ask_for(f"wait {go}"))
        served(pool, done=lambda _: actors() == CORES)  # before theirs come
        with neighbour(nodes.address, theirs) as other:
            for _ in range(40):  # theirs may come as soon as one of ours leaves
                pool.submit(ask_for("a"))
            go.touch()
            served(pool, done=lambda _: actors() == CORES - 1 or other.ended)
            theirs.touch()
            assert 1 <= len({process for _, process in other.measured()}) <= CORES
        go.unlink()
        for _ in range(4):
            pool.submit(ask_for(f"wait {go}"))
        served(pool, done=lambda _: actors() == CORES)
        go.touch()
        served(pool, done=lambda found: len(found) >= 4)
