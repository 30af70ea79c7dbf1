"""What the commands say of a search of which nothing has met the constraints."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from search_service.cli.app import app
from search_service.domain.evaluation import Evaluation, EvaluationState, Finished, Value
from search_service.domain.ids import new_id
from search_service.domain.job import Job, JobState
from search_service.storage.base import Storage

BOUND = {"name": "latency_ms", "op": "le", "value": 0.001, "device": "cpu"}


@pytest.fixture
def fruitless(submit: Callable[..., Job], run: Callable[[Job], Any], storage: Storage) -> Job:
    """An ended search of three architectures, one of which could not be measured."""
    job = submit(constraints=[BOUND], objectives=[{"name": "fid"}, {"name": "macs"}])
    claim = run(job).claim
    for number, latency in enumerate((0.75, 0.5, None)):
        evaluation = Evaluation(
            id=new_id("evl"),
            job=job.id,
            supernet=job.supernet,
            number=number,
            architecture="32:8_8_8_8_8_8_8_8",
            options={},
            state=EvaluationState.FAILED if latency is None else EvaluationState.INFEASIBLE,
            rung=-1,
            values={} if latency is None else {"latency_ms": Value(value=latency, device="cpu")},
            created_at=datetime.now(UTC),
        )
        storage.evaluations.record(claim, [Finished(evaluation=evaluation)])
    storage.jobs.finish(claim, state=JobState.SUCCEEDED, reason="budget")
    return job


def asked(client: httpx.Client, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--server", str(client.base_url)])


@pytest.mark.parametrize("command", [("job", "show"), ("job", "watch"), ("front",)])
def test_they_say_how_near_the_nearest_came(
    client: httpx.Client, storage: Storage, fruitless: Job, command: tuple[str, ...]
) -> None:
    answer = asked(client, *command, fruitless.id)
    nearest = storage.evaluations.of_job(fruitless.id)[1].id
    assert (
        "none of 2 evaluated architectures meets latency_ms<=0.001; "
        f"the nearest has latency_ms 0.5 ({nearest})"
    ) in answer.output
    assert answer.exit_code == 0


def test_of_a_supernet_they_say_what_no_evaluation_has(
    client: httpx.Client, fruitless: Job
) -> None:
    words = ("--minimize", "latency_ms", "--where", "macs<=5")
    told = "no stored evaluation has latency_ms and meets macs<=5: search more\n"
    assert asked(client, "front", "tiny", *words).stderr == told


def test_what_programs_read_stays_what_it_was(client: httpx.Client, fruitless: Job) -> None:
    for form in ("json", "csv"):
        answer = asked(client, "front", fruitless.id, "--format", form)
        assert "none of 2" not in answer.stdout
        assert "none of 2" in answer.stderr


def test_a_search_that_found_something_needs_no_such_words(
    client: httpx.Client, ended: Job
) -> None:
    for command in (["job", "show"], ["front"]):
        assert "none of" not in asked(client, *command, ended.id).output
