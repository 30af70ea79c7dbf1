"""A search by several objectives that are estimated from images."""

from dataclasses import replace
from typing import Any

import pytest

from search_service.domain.evaluation import EvaluationState
from search_service.domain.job import JobState
from search_service.domain.supernet import SupernetStatus
from search_service.errors import InvalidInput

JUDGED = {
    "extractor": "x",
    "inputs": "pairs.search",
    "final": {"inputs": "pairs.test"},
    "others": {
        name: {"inputs": "pairs.search", "final": {"inputs": "pairs.test"}}
        for name in ("mse", "teacher_distance")
    },
    "impossible": {"miou_error": "the inputs of pairs are not label maps"},
}


@pytest.fixture
def paired(world: Any) -> Any:
    """A world whose supernet can be judged by more than FID."""
    pending = replace(world.supernet, id="sup_paired", name="paired", status=SupernetStatus.PENDING)
    world.storage.supernets.add(pending)
    world.supernet = replace(pending, status=SupernetStatus.READY, protocol=JUDGED)
    world.storage.supernets.settle(world.supernet)
    return world


def sampled(world: Any) -> dict[str, set[int]]:
    """By objective, at how many samples it was measured."""
    found: dict[str, set[int]] = {}
    for request in world.laboratory.requests:
        asked = request.protocol.parameters
        found.setdefault(request.protocol.objective, set()).add(asked["samples"])
    return found


def test_a_front_is_searched_on_one_split_and_told_on_another(paired: Any) -> None:
    job = paired.submit(objectives=[{"name": "mse"}, {"name": "macs"}])
    _, ended = paired.run()
    assert ended.state is JobState.SUCCEEDED
    for evaluation in paired.storage.evaluations.front_of(job.id):
        assert evaluation.values["mse"].samples == 512
        assert evaluation.final_values["mse"].samples == 2048
    splits = {
        request.protocol.parameters["samples"]: request.protocol.parameters["inputs"]
        for request in paired.laboratory.requests
    }
    assert splits == {128: "pairs.search", 512: "pairs.search", 2048: "pairs.test"}


def test_a_cheap_constraint_on_a_low_rung_saves_the_dear_objective(paired: Any) -> None:
    job = paired.submit(
        constraints=[{"name": "teacher_distance", "op": "le", "value": 80.0}],
        fidelity={"samples": [8, 512], "final_samples": 2048},
    )
    paired.run()
    assert sampled(paired) == {"teacher_distance": {8, 512, 2048}, "fid": {512, 2048}}
    evaluations = paired.storage.evaluations.of_job(job.id)
    ended_low = [e for e in evaluations if e.state is EvaluationState.INFEASIBLE and e.rung == 0]
    assert ended_low
    assert all("fid" not in e.values for e in ended_low)
    assert all("fid" in e.values for e in evaluations if e.rung == 1)


@pytest.mark.parametrize(
    ("changes", "said", "pointer"),
    [
        (
            {"objectives": [{"name": "miou_error"}]},
            "cannot be judged by miou_error: the inputs of pairs are not label maps",
            "/spec/objectives/0/name",
        ),
        (
            {"constraints": [{"name": "dssim", "op": "le", "value": 0.1}]},
            "cannot be judged by dssim",
            "/spec/constraints/0/name",
        ),
        (
            {"objectives": [{"name": "mse"}], "fidelity": {"samples": [7, 64]}},
            "at least 8, got",
            "/spec/fidelity/samples",
        ),
        (
            {"objectives": [{"name": "mse"}, {"name": "fid"}], "fidelity": {"samples": [8, 16]}},
            "fid takes at least 32 samples",
            "/spec/fidelity/samples",
        ),
    ],
)
def test_what_cannot_be_judged_is_refused_at_submit(
    paired: Any, changes: dict[str, Any], said: str, pointer: str
) -> None:
    with pytest.raises(InvalidInput, match=said) as raised:
        paired.submit(**changes)
    assert raised.value.pointer == pointer
