"""From a stored spec to a search."""

from typing import Any

import pytest

from search_service.domain.job import JobState


@pytest.fixture
def ready(workplace: Any) -> Any:
    """With a supernet that may be searched."""
    workplace.register()
    workplace.driver.turn()
    return workplace


def texts(workplace: Any, job: Any) -> list[str]:
    """Architectures in the order of their numbers."""
    evaluations = workplace.storage.evaluations.of_job(job.id)
    return [e.architecture for e in sorted(evaluations, key=lambda e: e.number)]


def test_a_warm_start_begins_with_the_front_of_the_other_job(ready: Any) -> None:
    first = ready.submit()
    ready.driver.turn()
    front = sorted(ready.storage.evaluations.front_of(first.id), key=lambda e: e.number)
    second = ready.submit(warm_start=[{"job": first.id}, {"job": first.id}], seed=1)
    ready.driver.turn()
    found = texts(ready, second)
    assert found[: len(front)] == [e.architecture for e in front]
    assert len(set(found)) == len(found)


def test_a_warm_start_leaves_out_what_the_constraints_exclude(ready: Any) -> None:
    first = ready.submit()
    ready.driver.turn()
    front = ready.storage.evaluations.front_of(first.id)
    bound = sorted(e.values["macs"].value for e in front)[len(front) // 2 - 1]
    second = ready.submit(
        warm_start=[{"job": first.id}],
        constraints=[{"name": "macs", "op": "le", "value": bound}],
    )
    ready.driver.turn()
    assert len(front) > 1
    assert ready.storage.jobs.get(second.id).state is JobState.SUCCEEDED
    evaluations = ready.storage.evaluations.of_job(second.id)
    assert all(e.values["macs"].value <= bound for e in evaluations)


def test_equal_specs_are_equal_searches_on_any_worker(ready: Any) -> None:
    first, second = ready.submit(), ready.submit()
    ready.driver.turn()
    ready.hire("other").turn()
    assert texts(ready, first) == texts(ready, second)
