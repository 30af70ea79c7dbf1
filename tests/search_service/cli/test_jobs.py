from typing import Any

import pytest

from search_service.cli.jobs import summed_up


def ended(kind: str, **facts: Any) -> dict[str, Any]:
    return {"id": "job_1", "kind": kind, "state": "succeeded", "reason": "", **facts}


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (None, ""),
        ({"artifacts": {"log": "art_1"}, "supernet": "sup_1"}, ": supernet sup_1, log art_1"),
        (
            {
                "artifacts": {"log": "art_1"},
                "before": {"fid": {"value": 2.5}},
                "after": {"fid": {"value": 1.25}},
            },
            ": FID 2.5 before, 1.25 after, log art_1",
        ),
    ],
)
def test_a_training_is_summed_up_by_what_it_left(result: Any, said: str) -> None:
    assert summed_up(ended("finetune", result=result)) == f"job_1 succeeded{said}"


def test_a_search_is_summed_up_by_its_front() -> None:
    point = {"fid": 20.0, "macs": 2e6}
    job = ended("search", evaluations=20, front_size=3, hypervolume=1.5, reference_point=point)
    told = (
        "job_1 succeeded: 20 evaluations, 3 on the front, hypervolume 1.5 up to fid 20, macs 2e+06"
    )
    assert summed_up(job) == told
