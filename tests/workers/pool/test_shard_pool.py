"""Shards by real processes: the same bits for any number of them, also when one is killed."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from search_service.domain.scoring import GeneratorSpec, ScoreSpec
from workers import zoo
from workers.pool import Cluster
from workers.pool.shard_pool import RayShards
from workers.scoring.gather import gather
from workers.scoring.pools import InlineShards, ShardPool
from workers.scoring.shards import Side, in_order, plan
from workers.scoring.shelf import FolderShelf
from workers.scoring.work import ScoreWork

pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.xdist_group("ray")]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with closing(Cluster(cpus=3)) as cluster:
        yield cluster


@pytest.fixture
def spec() -> ScoreSpec:
    about = json.loads(zoo.path("anycost-fashion32/parameters.json").read_text())
    generator = GeneratorSpec(
        checkpoint=str(zoo.path("anycost-fashion32/weights.safetensors")),
        family=about["family"],
        parameters=about["parameters"],
        dataset=about["dataset"],
        architecture="8:64_64_32_32",
    )
    return ScoreSpec(reference="fashion-mnist-32", generator=generator, samples=2_100)


def made(spec: ScoreSpec, pool: ShardPool, folder: Path, *, kill: bool = False) -> bytes:
    names = plan(Side.FAKE, spec.samples)
    killed: list[int] = []

    def check() -> None:
        if kill and not killed:
            killed.extend(_seats())
            for process in killed:
                os.kill(process, signal.SIGKILL)
            time.sleep(0.5)

    shards = gather(names, pool, shelf=FolderShelf(folder), check=check, tell=lambda done: None)
    assert bool(killed) is kill
    return np.concatenate(in_order(names, shards)).tobytes()


def _seats() -> list[int]:
    """Processes of the actors: Ray names them by their class."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            title = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if title.startswith(b"ray::ShardSeat") and _is_ours(int(entry.name)):
            found.append(int(entry.name))
    return found


def _is_ours(process: int) -> bool:
    """A descendant of this test run: other runs on this machine are left alone."""
    while process > 1:
        if process == os.getpid():
            return True
        try:
            process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return False
    return False


@pytest.mark.parametrize("actors", [1, 2, 3])
def test_any_number_of_processes_makes_the_bits_of_one(
    cluster: Cluster, spec: ScoreSpec, tmp_path: Path, actors: int
) -> None:
    alone = made(spec, InlineShards(ScoreWork(spec=spec)), tmp_path / "alone")
    with closing(RayShards(spec, actors=actors, cores_each=1)) as pool:
        assert made(spec, pool, tmp_path / "shared") == alone


def test_processes_that_died_idle_together_cost_a_shard_one_try(
    cluster: Cluster, spec: ScoreSpec, tmp_path: Path
) -> None:
    """As with a node that goes: of three tries two are left for what comes."""
    with closing(RayShards(spec, actors=3, cores_each=1)) as pool:
        first = made(spec, pool, tmp_path / "first")  # all are up
        for process in _seats():
            os.kill(process, signal.SIGKILL)
        time.sleep(0.5)
        names = plan(Side.FAKE, spec.samples)[:1]
        lost = 0
        pool.submit(names[0])
        while not (ended := pool.wait(1.0)) or ended[0].shard is None:
            if ended:
                assert not ended[0].failure
                lost += 1
                pool.submit(names[0])
        assert lost <= 1
        assert first.startswith(ended[0].shard.features.tobytes())


def test_a_killed_process_costs_no_image(cluster: Cluster, spec: ScoreSpec, tmp_path: Path) -> None:
    alone = made(spec, InlineShards(ScoreWork(spec=spec)), tmp_path / "alone")
    with closing(RayShards(spec, actors=1, cores_each=1)) as pool:
        first = plan(Side.FAKE, 512)
        gather(
            first,
            pool,
            shelf=FolderShelf(tmp_path / "x"),
            check=lambda: None,
            tell=lambda done: None,
        )
        assert made(spec, pool, tmp_path / "shared", kill=True) == alone
