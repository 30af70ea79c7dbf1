"""A scoring and a training on a real cluster whose nodes come and go, and which another worker's
search shares."""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from search_service import jobs
from search_service.artifacts import Artifacts
from search_service.errors import LostClaim
from search_service.queue import PollingWakeUps
from search_service.storage import MemoryStorage
from tests.support.neighbours import ASKED, CORES, actors, neighbour
from tests.support.pairs import write_pairs
from tests.support.shard_seats import light_shard_seats
from tests.support.waiting import PATIENCE_SECONDS, until
from workers.kept_pool import KeptPool
from workers.pool import Cluster, Need
from workers.pool.desk import Ask
from workers.pool.front_desk import FrontDesk
from workers.pool.shard_pool import RayShards
from workers.runners import RUNNERS, Means
from workers.scoring.shards import ShardName, Side

pytestmark = [
    pytest.mark.slow,
    pytest.mark.ray,
    pytest.mark.xdist_group("shares"),
    pytest.mark.timeout(900),
]


class Scoring:
    """One without end: some shards are always waiting to be made."""

    def __init__(self, pool: RayShards) -> None:
        self._pool = pool
        self.asked, self.done = 0, 0

    def goes_on(self) -> None:
        while self.asked < self.done + 8:
            name = ShardName(side=Side.FAKE, index=self.asked, start=0, stop=1)
            self._pool.submit(name)
            self.asked += 1
        for made in self._pool.wait(0.2):
            assert made.failure == ""
            self.done += 1

    def until(self, done: Callable[[], object]) -> None:
        def turn() -> object:
            self.goes_on()
            return done()

        until(turn)


def test_a_scoring_and_a_search_have_a_share_each_and_the_last_one_has_all(
    nodes: Any, cluster: Cluster, tmp_path: Path
) -> None:
    go, begun = tmp_path / "go", tmp_path / "go.waiting"
    with closing(RayShards(light_shard_seats(), room=cluster, need=Need())) as pool:
        scoring = Scoring(pool)
        scoring.until(lambda: actors() == CORES)
        with neighbour(nodes.address, go) as search:
            scoring.until(lambda: begun.exists() or search.ended)
            scoring.until(lambda: actors() == CORES - 1 or search.ended)
            so_far = scoring.done
            scoring.until(lambda: scoring.done > so_far)  # it goes on beside the search
            assert not search.ended
            go.touch()
            scoring.until(lambda: search.ended)
            assert [failure for failure, _ in search.measured()] == [""] * ASKED
        scoring.until(lambda: actors() == CORES)


def test_a_scoring_grows_onto_a_node_that_joins_and_outlives_one_that_goes(
    nodes: Any, cluster: Cluster
) -> None:
    with closing(RayShards(light_shard_seats(), room=cluster, need=Need())) as pool:
        scoring = Scoring(pool)
        scoring.until(lambda: actors() == CORES)
        joined = nodes.add(num_cpus=CORES)
        scoring.until(lambda: actors() == 2 * CORES)
        nodes.kill(joined)
        scoring.until(lambda: actors() == CORES)
        so_far = scoring.done
        scoring.until(lambda: scoring.done >= so_far + 8)
    assert actors() == 0


def test_what_a_training_holds_is_no_others_share_until_it_ends(
    cluster: Cluster, tmp_path: Path
) -> None:
    recipe = {
        "method": "pix2pix",
        "dataset": "folder-of-pairs",
        "images": 1_000_000,
        "batch": 4,
        "generator": {"base_channels": 2, "blocks": 1},
        "critic": {"base_channels": 2, "layers": 1},
    }
    storage, wake_ups = MemoryStorage(), PollingWakeUps()
    data = str(write_pairs(tmp_path / "data"))
    jobs.submit("train", {"recipe": recipe, "data": data}, storage=storage, wake_ups=wake_ups)
    claim = storage.jobs.claim(worker="test", lease_seconds=1000)
    assert claim is not None
    other, held = FrontDesk("other"), [0]

    def share_of_other() -> int:
        return other.ask(Ask(actors=2 * CORES, need=Need()), CORES).actors

    until(lambda: share_of_other() == CORES)

    def hold(processes: int) -> None:
        held.append(processes)
        cluster.hold(processes)

    deadline = time.monotonic() + PATIENCE_SECONDS

    def check() -> None:
        assert time.monotonic() < deadline
        if held[-1] and share_of_other() == CORES - 1:
            raise LostClaim("seen enough")

    means = Means(
        storage=storage,
        artifacts=Artifacts(str(tmp_path / "artifacts")),
        pool=KeptPool(lambda _, *, check: pytest.fail("no pool"), references=tmp_path),
        shards=cluster.shards,
        living=cluster.living,
        hold=hold,
        references=tmp_path,
        runs=tmp_path / "runs",
        check=check,
        drain_seconds=0.0,
    )
    with pytest.raises(LostClaim):
        RUNNERS[claim.job.kind](claim, means)
    assert held[-1] == 0
    until(lambda: share_of_other() == CORES)
    other.ask(Ask(actors=0, need=Need()), CORES)
