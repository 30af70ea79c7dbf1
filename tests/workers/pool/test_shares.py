"""A scoring and a training on a real cluster whose nodes come and go, and which another worker's
search shares."""

import json
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import ray
from ray._private.ray_constants import AUTOSCALER_RESOURCE_REQUEST_CHANNEL
from ray.experimental.internal_kv import _internal_kv_get

from search_service import jobs
from search_service.artifacts import Artifacts
from search_service.errors import LostClaim, StorageUnavailable
from search_service.queue import PollingWakeUps
from search_service.storage import MemoryStorage
from tests.support.neighbours import ASKED, CORES, actors, neighbour
from tests.support.pairs import write_pairs
from tests.support.shard_seats import light_shard_seats
from tests.support.waiting import PATIENCE_SECONDS, until
from workers.kept_pool import KeptPool
from workers.pool.cluster import Cluster
from workers.pool.desk import Ask
from workers.pool.front_desk import FrontDesk
from workers.pool.need import Need
from workers.pool.shard_pool import RayShards
from workers.runners import RUNNERS, Means
from workers.scoring.pools import Made
from workers.scoring.shards import ShardName, Side

CORE = {"CPU": 1.0}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.ray,
    pytest.mark.xdist_group("shares"),
    pytest.mark.timeout(900),
]


def free_cores() -> float:
    resources: dict[str, float] = ray.available_resources()  # type: ignore[no-untyped-call]  # Ray's
    return resources.get("CPU", 0.0)


def known() -> list[dict[str, float]]:
    """What the desk has been told of."""
    return json.loads(_internal_kv_get(AUTOSCALER_RESOURCE_REQUEST_CHANNEL) or b"[]")  # type: ignore[no-any-return]


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
        self.takes_in()

    def takes_in(self) -> None:
        for made in self._pool.wait(0.2):
            assert made.failure == ""
            assert made.shard is not None
            assert made.shard.features.flags.owndata  # not the object store's, which is small
            self.done += 1

    def has_all(self) -> bool:
        """Whether nothing is waiting to be made any more."""
        self.takes_in()
        return self.done == self.asked

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


def test_a_training_that_has_all_cores_has_a_scoring_wait_and_go_on_when_it_ends(
    cluster: Cluster,
) -> None:
    training = FrontDesk("training")
    with closing(RayShards(light_shard_seats(), room=cluster, need=Need())) as pool:
        scoring = Scoring(pool)
        scoring.until(lambda: actors() == CORES)
        has_all = Ask(actors=CORES, held=CORES, need=Need(), whole=True)
        scoring.until(lambda: training.ask(has_all, CORES).actors == CORES and actors() == 0)
        until(lambda: free_cores() == CORES)
        so_far = scoring.done
        scoring.goes_on()
        assert scoring.done == so_far
        training.ask(Ask(actors=0, need=Need()), CORES)
        scoring.until(lambda: actors() == CORES and scoring.done > so_far)


def test_what_a_scoring_does_not_use_while_it_looks_at_its_shards_is_anothers_that_lacks_it(
    cluster: Cluster,
) -> None:
    other = FrontDesk("other")
    with closing(RayShards(light_shard_seats(), room=cluster, need=Need())) as pool:
        scoring = Scoring(pool)
        scoring.until(lambda: actors() == CORES)
        until(lambda: scoring.has_all())

        def has_all() -> bool:
            pool.rest()
            return other.ask(Ask(actors=CORES, need=Need()), CORES).actors == CORES

        until(has_all)

        def has_none() -> bool:
            pool.rest()
            return actors() == 0

        until(has_none)
        other.ask(Ask(actors=0, need=Need()), CORES)
        scoring.until(lambda: actors() == CORES)


def test_a_training_begins_once_all_its_cores_can_be_had(cluster: Cluster) -> None:
    other = FrontDesk("other")
    search = Ask(actors=1, need=Need())
    other.ask(search, CORES)
    until(lambda: known() == [CORE])
    for _ in range(20):
        assert not cluster.hold(CORES)
        other.ask(search, CORES)
        time.sleep(0.05)
    other.ask(Ask(actors=0, need=Need()), CORES)
    until(lambda: cluster.hold(CORES))
    cluster.hold(0)


def test_a_shard_that_does_not_come_to_an_end_fails(cluster: Cluster) -> None:
    with closing(
        RayShards(light_shard_seats(), room=cluster, need=Need(), limit_seconds=1.0)
    ) as pool:
        pool.submit(ShardName(side=Side.FAKE, index=-1, start=0, stop=1))
        made: list[Made] = []

        def ended() -> bool:
            made.extend(pool.wait(0.2))
            return bool(made)

        until(ended)
    assert made[0].failure.endswith(
        "was lost 3 times, the last time because it took longer than its limit of 1 s"
    )


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
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it end because the database is away when there is something to tell."""
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

    def hold(processes: int, *, begun: bool = False) -> bool:
        held.append(processes)
        return cluster.hold(processes, begun=begun)

    progress, told = storage.events.progress, []

    def away_twice(*about: Any) -> None:
        told.append(about)
        if len(told) < 3:
            raise StorageUnavailable("the database does not answer: closed")
        progress(*about)

    monkeypatch.setattr(storage.events, "progress", away_twice)
    deadline = time.monotonic() + PATIENCE_SECONDS

    def check() -> None:
        assert time.monotonic() < deadline
        if held[-1] and share_of_other() == CORES - 1 and len(told) >= 3:
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
