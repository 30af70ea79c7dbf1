"""Shards by real processes: the same bits for any number of them, also when one is killed."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from search_service.domain.scoring import GeneratorSpec, ScoreSpec
from tests.support.shard_seats import light_shard_seats
from tests.support.waiting import until
from workers import zoo
from workers.pool.cluster import Cluster
from workers.pool.need import Need
from workers.pool.nodes import Node
from workers.pool.room import Room
from workers.pool.seat import remote
from workers.pool.shard_pool import RayShards
from workers.pool.shard_seat import ShardSeat
from workers.scoring.gather import MAX_TRIES, gather
from workers.scoring.pools import InlineShards, Made, ShardPool
from workers.scoring.shards import Side, in_order, plan
from workers.scoring.shelf import FolderShelf
from workers.scoring.work import ScoreWork

SAMPLES = 1_100  # three shards
CORES = 3  # one for each
TITLE = "ray::ShardSeat"  # of an actor's process

pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.xdist_group("shard_pool")]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with closing(Cluster(cpus=CORES)) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def spec() -> ScoreSpec:
    about = json.loads(zoo.path("anycost-fashion32/parameters.json").read_text())
    generator = GeneratorSpec(
        checkpoint=str(zoo.path("anycost-fashion32/weights.safetensors")),
        family=about["family"],
        parameters=about["parameters"],
        dataset=about["dataset"],
        architecture="8:64_64_32_32",
    )
    return ScoreSpec(reference="fashion-mnist-32", generator=generator, samples=SAMPLES)


def made(
    spec: ScoreSpec,
    pool: ShardPool,
    folder: Path,
    *,
    to_kill: Callable[[], list[int]] | None = None,
) -> bytes:
    names = plan(Side.FAKE, spec.samples)
    killed: list[int] = []

    def check() -> None:
        if to_kill is not None and not killed:
            killed.extend(to_kill())
            for process in killed:
                os.kill(process, signal.SIGKILL)
            time.sleep(0.5)

    shards = gather(names, pool, shelf=FolderShelf(folder), check=check, tell=lambda done: None)
    assert bool(killed) is (to_kill is not None)
    return np.concatenate(in_order(names, shards)).tobytes()


class Fleeting:
    """A cluster whose nodes are others whenever one looks."""

    def __init__(self, cluster: Cluster) -> None:
        self.grant, self.nodes, self.check = cluster.grant, cluster.nodes, cluster.check

    def look(self) -> Sequence[Node]:
        return [Node(id=uuid4().hex, alive=True, resources={})]


def shards(spec: ScoreSpec, room: Room, *, actors: int) -> RayShards:
    """No more than so many fit."""
    need = Need(cpus=CORES / actors)
    seat = remote(ShardSeat).options(num_cpus=need.cpus)
    return RayShards(lambda _: seat.remote(spec, None, overlap=False), room=room, need=need)


@pytest.fixture(scope="module")
def alone(spec: ScoreSpec, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What one process makes."""
    return made(spec, InlineShards(ScoreWork(spec=spec)), tmp_path_factory.mktemp("alone"))


def test_two_processes_make_the_bits_of_one(
    cluster: Cluster, spec: ScoreSpec, alone: bytes, tmp_path: Path
) -> None:
    """And so do three, and one, in what follows."""
    with closing(shards(spec, cluster, actors=2)) as pool:
        assert made(spec, pool, tmp_path / "shared") == alone


def test_the_actors_of_a_cluster_are_handed_the_checkpoint_and_make_the_bits_of_one(
    cluster: Cluster, spec: ScoreSpec, alone: bytes, tmp_path: Path
) -> None:
    with closing(cluster.shards(spec, ScoreWork(spec=spec).checkpoint)) as pool:
        assert made(spec, pool, tmp_path / "shared") == alone


def test_processes_that_died_idle_together_cost_a_shard_one_try(
    cluster: Cluster, spec: ScoreSpec, processes: Callable[[str], list[int]], tmp_path: Path
) -> None:
    """As with a node that goes: of three tries two are left for what comes."""
    go, names = tmp_path / "go", plan(Side.FAKE, spec.samples)
    with closing(RayShards(light_shard_seats(go), room=cluster, need=Need())) as pool:
        found: list[Made] = []

        def waited_for() -> bool:
            found.extend(pool.wait(0.1))
            return len(processes(f"{TITLE}.shard")) == CORES

        for name in names:
            pool.submit(name)
        until(waited_for)
        go.touch()
        while len(found) < len(names):
            found += pool.wait(1.0)
        for process in processes(TITLE):
            os.kill(process, signal.SIGKILL)
        time.sleep(0.5)
        lost = 0
        pool.submit(names[0])
        while not (ended := pool.wait(1.0)) or ended[0].shard is None:
            if ended:
                assert not ended[0].failure
                lost += 1
                pool.submit(names[0])
        assert lost <= 1
        assert ended[0].name == names[0]


def test_a_killed_process_costs_no_image(
    cluster: Cluster,
    spec: ScoreSpec,
    alone: bytes,
    processes: Callable[[str], list[int]],
    tmp_path: Path,
) -> None:
    with closing(shards(spec, cluster, actors=1)) as pool:
        first = plan(Side.FAKE, 512)
        gather(
            first,
            pool,
            shelf=FolderShelf(tmp_path / "x"),
            check=lambda: None,
            tell=lambda done: None,
        )
        shared = made(spec, pool, tmp_path / "shared", to_kill=lambda: processes(TITLE))
        assert shared == alone


@pytest.mark.parametrize("with_node", [True, False])
def test_only_deaths_of_its_own_fail_a_shard(
    cluster: Cluster,
    spec: ScoreSpec,
    processes: Callable[[str], list[int]],
    tmp_path: Path,
    with_node: bool,
) -> None:
    go, room = tmp_path / "go", Fleeting(cluster) if with_node else cluster
    with closing(RayShards(light_shard_seats(go), room=room, need=Need())) as pool:
        pool.submit(plan(Side.FAKE, spec.samples)[0])
        killed: set[int] = set()
        ended: Sequence[Made] = []
        while not ended:
            for process in set(processes(f"{TITLE}.shard")) - killed:
                if len(killed) > MAX_TRIES:
                    go.touch()
                    break
                os.kill(process, signal.SIGKILL)
                killed.add(process)
            ended = pool.wait(0.1)
        (made,) = ended
        assert (made.shard is not None) is with_node
        assert ("was lost 3 times" in made.failure) is not with_node
