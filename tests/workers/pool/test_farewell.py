"""What goes while something else waits for it or counts on it: a device, a worker."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import ray
from ray._private.ray_constants import AUTOSCALER_RESOURCE_REQUEST_CHANNEL
from ray.experimental.internal_kv import _internal_kv_get

from search_service.errors import NotFound
from tests.support.waiting import until
from workers.pool.cluster import Cluster
from workers.pool.desk import Ask
from workers.pool.front_desk import FrontDesk
from workers.pool.need import Need

CORE = {"CPU": 1.0}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.ray,
    pytest.mark.xdist_group("farewell"),
    pytest.mark.timeout(900),
]


@pytest.fixture(scope="module")
def nodes(on_ground: Any) -> Iterator[Any]:
    with on_ground() as nodes:
        nodes.head()
        yield nodes


@pytest.fixture(scope="module")
def cluster(nodes: Any) -> Iterator[Cluster]:
    with closing(Cluster(nodes.address)) as cluster:
        yield cluster


def asked() -> list[dict[str, float]]:
    """The bundles that Ray keeps for its autoscaler."""
    return json.loads(_internal_kv_get(AUTOSCALER_RESOURCE_REQUEST_CHANNEL) or b"[]")  # type: ignore[no-any-return]


@pytest.fixture
def desk(cluster: Cluster) -> FrontDesk:
    """That of a worker; what lives in the actor is up."""
    desk = FrontDesk("busy")
    desk.ask(Ask(actors=1, need=Need()), 2)
    until(lambda: asked() == [CORE])
    return desk


def test_the_last_that_a_worker_asks_for_is_heard_though_nothing_follows(desk: FrontDesk) -> None:
    for actors in (3, 2, 1, 3):  # before any answer
        desk.ask(Ask(actors=actors, need=Need()), 2)
    until(lambda: asked() == [CORE] * 3)
    desk.ask(Ask(actors=2, need=Need()), 2)
    desk.ask(Ask(actors=0, need=Need()), 2)
    until(lambda: asked() == [])


def test_a_worker_that_leaves_withdraws_what_it_asked_for_before_it_is_gone(
    desk: FrontDesk, nodes: Any
) -> None:
    desk.leave()
    assert asked() == []
    script = """
import sys
from workers.pool.cluster import Cluster
from workers.pool.need import Need
from workers.pool.desk import Ask
cluster = Cluster(sys.argv[1])
for actors in (1, 2, 3):
    cluster.grant(Ask(actors=actors, need=Need()))
cluster.close()
"""
    subprocess.run([sys.executable, "-c", script, nodes.address], check=True)
    assert asked() == []


def test_a_device_that_leaves_is_no_more_waited_for(
    cluster: Cluster, nodes: Any, seats: Any
) -> None:
    node = nodes.add(num_cpus=0, resources={"device:alpha": 1})
    until(lambda: [*cluster.devices()] == ["alpha"])
    holder = seats()("alpha")
    ray.get(holder.join.remote())
    left: list[int] = []

    def check() -> None:
        if not left:
            left.append(node)
            nodes.kill(node)

    with pytest.raises(NotFound, match=r"device alpha (has left|cannot be timed: ActorDiedError)"):
        cluster.calibrate("alpha", check=check)
    until(lambda: not cluster.devices())


def test_a_node_that_dies_while_its_device_is_timed_ends_nothing_else(
    cluster: Cluster, nodes: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"

    class Endless:
        def protocol(self) -> None:
            begun.touch()
            time.sleep(600)

    monkeypatch.setattr("workers.pool.cluster.Timing", Endless)
    node = nodes.add(num_cpus=0, resources={"device:gamma": 1})
    until(lambda: [*cluster.devices()] == ["gamma"])

    def check() -> None:
        if begun.exists() and node in alive:
            alive.remove(node)
            nodes.kill(node)

    alive = [node]
    with pytest.raises(NotFound, match=r"device gamma (has left|cannot be timed: ActorDiedError)"):
        cluster.calibrate("gamma", check=check)
    until(lambda: not cluster.devices())
    cluster.check()


def test_a_device_that_cannot_be_timed_is_told_in_one_line_and_the_cluster_stays(
    cluster: Cluster, nodes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = nodes.add(num_cpus=0, resources={"device:beta": 1})
    until(lambda: [*cluster.devices()] == ["beta"])

    class Broken:
        def protocol(self) -> None:
            raise RuntimeError("no clock\nat all")

    monkeypatch.setattr("workers.pool.cluster.Timing", Broken)
    with pytest.raises(
        NotFound, match=r"device beta cannot be timed: RuntimeError: no clock$"
    ) as refused:
        cluster.calibrate("beta")
    assert "\n" not in str(refused.value)
    cluster.check()
    nodes.kill(node)
