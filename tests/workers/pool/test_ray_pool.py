"""Actors of a real Ray that die, linger, idle and come back: what becomes of the work."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import ray

from search_service import spaces
from search_service.domain.measurement import MeasurementRequest, Protocol
from search_service.domain.space import smallest
from search_service.errors import InvalidFile
from search_service.pools import Outcome
from search_service.telemetry.metrics import REGISTRY, set_workers
from tests.support.processes import commands
from tests.support.waiting import PATIENCE_SECONDS
from workers.checkpoint_uri import weights_at
from workers.evaluation import Judging
from workers.pool.actors import Measurer, Measuring
from workers.pool.cluster import Cluster
from workers.pool.in_hand import InHand
from workers.pool.need import Need
from workers.pool.ray_pool import RayPool
from workers.pool.spec import EvaluatorSpec
from workers.pool.staff import MISS_SECONDS, Staff

ZOO = Path(__file__).parents[3] / "zoo" / "anycost-fashion32"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.ray,
    pytest.mark.xdist_group("ray_pool"),
    pytest.mark.timeout(900),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with closing(Cluster(cpus=2)) as cluster:
        yield cluster


@pytest.fixture
def pool(cluster: Cluster, seats: Any) -> Iterator[RayPool]:
    made = RayPool(seats(), room=cluster, need=Need(), limit_seconds=3, idle_seconds=4)
    with closing(made):
        yield made


def told(device: str) -> float | None:
    return REGISTRY.get_sample_value("gansearch_workers", {"device": device})


def until(pool: RayPool, done: Callable[[list[Outcome]], bool]) -> list[Outcome]:
    found: list[Outcome] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done(found):
        assert time.monotonic() < deadline, found
        found += pool.wait(0.5)
    return found


def test_a_local_ray_is_its_store_of_state_and_its_node_and_nobody_whom_nothing_asks(
    cluster: Cluster,
) -> None:
    running = commands()
    for there in ("gcs_server", "raylet"):
        assert any(f"/{there} " in command for command in running)
    for unused in ("monitor.py", "dashboard.py"):
        assert not [command for command in running if f"{unused} " in command]


def test_what_kills_its_actor_three_times_fails_with_the_reason_and_the_rest_is_measured(
    pool: RayPool, ask_for: Any
) -> None:
    names = ["a", "die", "bb", "sleep", "ccc"]
    tickets = {pool.submit(ask_for(name)): name for name in names}
    outcomes = until(pool, lambda found: len(found) == len(names))
    by_name = {tickets[outcome.ticket]: outcome for outcome in outcomes}
    assert len(by_name) == len(names)
    for name in ("a", "bb", "ccc"):
        assert by_name[name].measurement.value == len(name)  # type: ignore[union-attr]
    assert by_name["die"].failure == (
        "ended its actor 3 times, the last time because its process crashed"
    )
    assert by_name["sleep"].failure == (
        "ended its actor 3 times, the last time because it took longer than its limit of 3 s"
    )


def test_what_was_abandoned_holds_its_actor_for_some_seconds_only(
    cluster: Cluster, seats: Any, ask_for: Any
) -> None:
    whole = Need(cpus=2)  # room for one actor
    with closing(RayPool(seats(cpus=2), room=cluster, need=whole)) as pool:
        for place in range(8):
            pool.submit(ask_for(f"sleep{place}"))
        pool.abandon()
        wanted = pool.submit(ask_for("a"))
        (outcome,) = until(pool, lambda found: len(found) == 1)
        assert (outcome.ticket, outcome.failure) == (wanted, "")


def test_what_is_withdrawn_was_not_begun_and_the_rest_is_answered(
    cluster: Cluster, seats: Any, ask_for: Any
) -> None:
    with closing(RayPool(seats(), room=cluster, need=Need())) as pool:
        tickets = {pool.submit(ask_for("a" * size)) for size in range(1, 9)}
        withdrawn = set(pool.withdraw())
        assert withdrawn < tickets
        found = until(pool, lambda found: len(found) == len(tickets - withdrawn))
        assert {outcome.ticket for outcome in found} == tickets - withdrawn
        assert not pool.withdraw()


def test_a_killed_actors_work_is_done_by_another_and_an_idle_pool_gives_all_back(
    pool: RayPool, ask_for: Any
) -> None:
    pool.submit(ask_for("a"))
    first = until(pool, lambda found: len(found) == 1)[0]
    os.kill(first.measurement.details["process"], signal.SIGKILL)  # type: ignore[union-attr]
    again = pool.submit(ask_for("a"))  # goes to the actor that knows it, which is dead
    second = until(pool, lambda found: len(found) == 1)[0]
    assert (second.ticket, second.failure) == (again, "")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while told(""):
        assert time.monotonic() < deadline
        pool.rest()
        time.sleep(0.2)
    pool.submit(ask_for("bb"))
    assert until(pool, lambda found: len(found) == 1)[0].measurement is not None


def test_actors_that_died_idle_together_cost_a_request_one_try(
    cluster: Cluster, seats: Any, ask_for: Any, tmp_path: Path
) -> None:
    """As where the kernel wants memory: of three tries two are left for what comes."""
    go, half = tmp_path / "go", Need(cpus=0.5)
    with closing(RayPool(seats(cpus=0.5), room=cluster, need=half)) as pool:
        for _ in range(4):
            pool.submit(ask_for(f"wait {go}"))
        begun = Path(f"{go}.waiting")
        until(pool, lambda _: begun.exists() and len(begun.read_text()) == 4)
        go.touch()
        idle = {
            outcome.measurement.details["process"]
            for outcome in until(pool, lambda found: len(found) == 4)
            if outcome.measurement is not None
        }
        assert len(idle) == 4
        for process in idle:
            os.kill(process, signal.SIGKILL)
        tickets = [pool.submit(ask_for(name)) for name in ("a", "bb")]
        assert sorted(
            (outcome.ticket, outcome.failure)
            for outcome in until(pool, lambda found: len(found) == 2)
        ) == [(ticket, "") for ticket in tickets]


def test_a_result_that_comes_as_its_actor_is_ended_for_being_late_is_the_last_of_that_actor(
    cluster: Cluster, seats: Any, ask_for: Any
) -> None:
    actor, late = Measurer(handle=seats()("")), InHand(room=cluster, limit_seconds=3600)
    late.give(actor, Measuring(1, ask_for("a")))
    late.give(actor, Measuring(2, ask_for("bb")))
    first, second = late.references()
    ray.wait([first, second], num_returns=2, timeout=PATIENCE_SECONDS)
    late.kill_overdue([actor], time.monotonic() + 3601)
    assert late.seconds_to_limit([actor]) == float("inf")  # its death is waited for
    ended = late.take(first)
    assert ended.outcome is not None
    assert ended.outcome.measurement is not None
    assert ended.died
    assert [work.ticket for work in ended.again] == [2]
    assert late.references() == []


def test_what_no_node_has_is_told_once_and_what_one_has_is_not(
    cluster: Cluster, seats: Any, caplog: pytest.LogCaptureFixture
) -> None:
    need = Need(cpus=1, gpus=1)
    staff: Staff[MeasurementRequest] = Staff(
        seats(gpus=1), room=cluster, need=need, idle_seconds=60
    )

    def told() -> list[object]:
        return [vars(record)["needed"] for record in caplog.records if "needed" in vars(record)]

    began = time.monotonic()
    for later in (0, MISS_SECONDS / 2):
        staff.follow(began + later, demand=1, devices=["phone", "cpu"])
        assert not told()
    for later in (60, 61):
        staff.follow(began + later + MISS_SECONDS, demand=1, devices=["phone", "cpu"])
    assert told() == [{"CPU": 1, "GPU": 1}, {"device:phone": 1}]
    staff.dismiss(list(staff.actors))


def test_actors_follow_the_work_and_are_counted_by_device_until_they_end(
    cluster: Cluster, tmp_path: Path
) -> None:
    made = spec(tmp_path)
    set_workers(0, device="cpu")  # the registry is this process's, and other tests count too
    with closing(cluster.pool(made)) as pool:
        assert told("") == 1
        assert not told("cpu")
        protocol = Protocol(
            objective="latency_ms", parameters={**cluster.calibrate("cpu"), "rounds": 6}
        )
        request = MeasurementRequest(
            supernet="sup_1",
            supernet_digest="d",
            architecture=str(smallest(spaces.build(made.family, made.parameters))),
            protocol=protocol,
            device="cpu",
        )
        tickets = [pool.submit(request), pool.submit(request)]
        done = until(pool, lambda found: len(found) == 2)
        assert [outcome.ticket for outcome in done] == tickets
        assert [outcome.failure for outcome in done] == ["", ""]
        assert told("cpu") == 1
    assert (told(""), told("cpu")) == (0, 0)


def test_weights_that_do_not_fit_leave_no_actor_behind(cluster: Cluster, tmp_path: Path) -> None:
    weights = weights_at(str(ZOO / "weights.safetensors"))
    with pytest.raises(InvalidFile, match="does not fit"):
        cluster.pool(spec(tmp_path, other=next(iter(weights.values()))))
    assert told("") == 0


def spec(folder: Path, **weights: Any) -> EvaluatorSpec:
    described = json.loads((ZOO / "parameters.json").read_text())
    return EvaluatorSpec(
        family=described["family"],
        parameters=described["parameters"],
        weights=weights or weights_at(str(ZOO / "weights.safetensors")),
        judging=Judging(
            dataset=described["dataset"],
            feature_extractor=described["feature_extractor"],
            references=folder,
        ),
    )
