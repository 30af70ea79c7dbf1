"""The loop's laws, over real storage and searchers; only the measuring is a formula."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest

from search_service import jobs
from search_service.domain.evaluation import EvaluationState
from search_service.domain.job import JobChange, JobState, JobStep
from search_service.errors import LostClaim
from search_service.queue import open_wake_ups
from search_service.search.loop import RECORDED_AT_ONCE
from search_service.telemetry.metrics import REGISTRY

LATENCY = {"name": "latency_ms", "device": "cpu"}


class Killed(Exception):
    """Stands for the end of the process."""


def kill_after(turns: int) -> Callable[[], None]:
    left = [turns]

    def check() -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed

    return check


@pytest.mark.parametrize("searcher", ["random", "nsga2", "evolution"])
def test_promise_1_finishing_order_does_not_change_a_search(make_world: Any, searcher: str) -> None:
    outcomes = []
    for order in (None, 1, 2):
        world = make_world()
        job = world.submit(searcher={"name": searcher})
        world.run(order=order)
        outcomes.append(world.outcome(job))
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert len(outcomes[0][0]) == 40


@pytest.mark.parametrize("turns", [0, 1, 7, 30, 60])
def test_promise_2_a_search_killed_and_resumed_equals_an_undisturbed_one(
    make_world: Any, turns: int
) -> None:
    straight = make_world()
    job = straight.submit()
    straight.run(order=3)
    broken = make_world()
    again = broken.submit()
    with pytest.raises(Killed):
        broken.run(order=4, check=kill_after(turns))
    broken.run(order=5)
    assert broken.outcome(again) == straight.outcome(job)
    assert len(broken.laboratory.requests) < len(straight.laboratory.requests) + 7


def test_promise_3_a_second_job_reads_what_the_first_measured(world: Any) -> None:
    first = world.submit()
    world.run()
    made = len(world.laboratory.requests)
    second = world.submit()
    world.run()
    assert len(world.laboratory.requests) == made
    assert world.outcome(second) == world.outcome(first)
    assert all(e.cached and e.seconds == 0 for e in world.storage.evaluations.of_job(second.id))


def test_promise_4_the_front_is_made_of_fresh_values_and_keeps_the_searchs_own(world: Any) -> None:
    job = world.submit(objectives=[{"name": "fid"}, LATENCY])
    world.run()
    front = world.storage.evaluations.front_of(job.id)
    assert front
    for point in front:
        assert point.final_values["fid"].samples == 2048
        assert point.values["fid"].samples == 512
        assert point.final_values["fid"].protocol_digest != point.values["fid"].protocol_digest
        assert point.final_values["latency_ms"].device == "cpu"
    seeds = {
        (r.protocol.parameters["samples"], r.protocol.parameters["seed"])
        for r in world.laboratory.requests
        if r.protocol.objective == "fid"
    }
    assert seeds == {(128, 0), (512, 0), (2048, 1)}


def test_no_architecture_is_evaluated_twice_in_a_job(world: Any) -> None:
    job = world.submit(budget={"evaluations": 120})
    world.run(order=0)
    texts = [e.architecture for e in world.storage.evaluations.of_job(job.id)]
    assert len(set(texts)) == len(texts) == 120


def test_a_candidate_that_cannot_be_measured_fails_alone(world: Any) -> None:
    world.laboratory.failing = lambda text: text.startswith("16:")
    job = world.submit()
    _, ended = world.run(order=1)
    evaluations = world.storage.evaluations.of_job(job.id)
    failed = [e for e in evaluations if e.architecture.startswith("16:")]
    assert failed
    assert all(e.state is EvaluationState.FAILED and "NaN" in e.reason for e in failed)
    assert ended.state is JobState.SUCCEEDED
    assert not {e.id for e in failed} & {e.id for e in world.storage.evaluations.front_of(job.id)}


def test_a_search_in_which_nothing_can_be_measured_fails_with_the_reason(world: Any) -> None:
    world.laboratory.failing = lambda text: True
    world.submit(budget={"evaluations": 5})
    _, ended = world.run()
    assert ended.state is JobState.FAILED
    assert "NaN" in ended.reason


def test_a_broken_constraint_on_latency_spares_the_images(world: Any) -> None:
    job = world.submit(constraints=[{**LATENCY, "op": "le", "value": 5.0}])
    world.run()
    broken = [
        e for e in world.storage.evaluations.of_job(job.id) if e.state is EvaluationState.INFEASIBLE
    ]
    assert broken
    assert all("fid" not in e.values and "latency_ms<=5" in e.reason for e in broken)
    front = world.storage.evaluations.front_of(job.id)
    assert front
    assert all(e.values["latency_ms"].value <= 5 for e in front)


def test_closed_form_constraints_hold_for_every_evaluation(world: Any) -> None:
    job = world.submit(constraints=[{"name": "macs", "op": "le", "value": 3e7}])
    world.run()
    evaluations = world.storage.evaluations.of_job(job.id)
    assert len(evaluations) == 40
    assert all(e.values["macs"].value <= 3e7 for e in evaluations)


def test_a_clearly_dominated_candidate_stays_on_its_rung(world: Any) -> None:
    job = world.submit(budget={"evaluations": 60})
    world.run()
    rungs = {e.rung for e in world.storage.evaluations.of_job(job.id)}
    assert rungs == {0, 1}
    assert all(e.rung == 1 for e in world.storage.evaluations.front_of(job.id))


def test_patience_ends_a_search_that_no_longer_gains(world: Any) -> None:
    patience = {"evaluations": 20, "min_gain": 0.5}
    job = world.submit(budget={"evaluations": 200, "patience": patience})
    _, ended = world.run(order=2)
    assert ended.reason == "converged"
    assert len(world.storage.evaluations.of_job(job.id)) < 100


def test_a_space_smaller_than_the_budget_is_exhausted(world: Any) -> None:
    smallest = {"name": "macs", "op": "le", "value": 4.3e6}
    job = world.submit(constraints=[smallest], budget={"evaluations": 100_000})
    _, ended = world.run()
    assert ended.reason == "exhausted"
    count = len(world.storage.evaluations.of_job(job.id))
    assert 0 < count < 100_000


def test_a_cancelled_search_stops_and_keeps_what_it_has(world: Any) -> None:
    job = world.submit()
    turns = [0]

    def cancel_in_the_middle() -> None:
        turns[0] += 1
        if turns[0] == 20:
            world.storage.jobs.step(job.id, JobStep.CANCEL)

    with pytest.raises(LostClaim):
        world.run(check=cancel_in_the_middle)
    kept = len(world.storage.evaluations.of_job(job.id))
    assert 0 < kept < 40
    assert world.storage.jobs.get(job.id).state is JobState.CANCELLED


def test_the_reference_point_is_fixed_once_and_hypervolume_then_only_grows(world: Any) -> None:
    job = world.submit(budget={"evaluations": 80})
    world.run()
    history = [hv for _, _, hv in world.storage.evaluations.history(job.id) if hv is not None]
    assert len(history) > 50
    assert history == sorted(history)
    assert set(world.storage.jobs.get(job.id).reference_point) == {"fid", "macs"}


def test_images_are_kept_as_an_artifact_also_for_a_job_that_only_read(world: Any) -> None:
    world.submit()
    world.run()
    second = world.submit()
    world.run()
    for e in world.storage.evaluations.of_job(second.id):
        assert world.artifacts.get(e.samples_artifact).content == e.architecture.encode()


@pytest.mark.parametrize("end", [None, 50])
def test_hypervolume_is_told_while_a_search_runs_and_no_longer(world: Any, end: int | None) -> None:
    job = world.submit()
    told = []
    stop = kill_after(10**6 if end is None else end)

    def check() -> None:
        told.append(hypervolume())
        stop()

    def hypervolume() -> float | None:
        return REGISTRY.get_sample_value("gansearch_front_hypervolume", {"job": job.id})

    with nullcontext() if end is None else pytest.raises(Killed):
        world.run(check=check)
    assert told[-1] is not None
    assert hypervolume() is None


def test_a_search_whose_budget_is_raised_under_way_equals_one_that_had_it(make_world: Any) -> None:
    straight, changed = make_world(), make_world()
    job = straight.submit(budget={"evaluations": 40})
    straight.run(order=3)
    raised = changed.submit(budget={"evaluations": 20})
    turns = [0]

    def raise_it() -> None:
        turns[0] += 1
        if turns[0] == 15:
            wake_ups = open_wake_ups(None)
            wanted = JobChange(budget={"evaluations": 40})
            jobs.change(raised.id, wanted, storage=changed.storage, wake_ups=wake_ups)

    with pytest.raises(LostClaim):
        changed.run(order=4, check=raise_it)
    changed.run(order=5)
    assert changed.outcome(raised) == straight.outcome(job)


def test_candidates_that_need_no_measurement_are_recorded_in_turns(make_world: Any) -> None:
    """So that a search of them is heard of, and can be stopped, while it runs."""
    world = make_world()
    job = world.submit(
        objectives=[{"name": "macs"}, {"name": "params"}], budget={"evaluations": 150}
    )
    recorded: list[int] = []
    world.run(check=lambda: recorded.append(len(world.storage.evaluations.of_job(job.id))))
    assert recorded[:3] == [RECORDED_AT_ONCE, 2 * RECORDED_AT_ONCE, 150]
