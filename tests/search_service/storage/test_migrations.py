"""A database of any earlier schema, with something in every table, keeps all of it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from search_service.domain.evaluation import EvaluationState, Finished, Value
from search_service.domain.ids import new_id
from search_service.domain.job import Job, JobKind, JobState, JobStep
from search_service.domain.measurement import Measurement, MeasurementKey, Protocol
from search_service.domain.resampling import Resampling
from search_service.domain.supernet import Device, Supernet, SupernetStatus
from search_service.storage import migrate, migrations, open_storage
from search_service.storage.base import Answer, Storage
from search_service.storage.sql.engine import Database
from search_service.storage.sql.tables import metadata

HEAD = 7
PROTOCOL = Protocol(objective="fid", parameters={"samples": 512, "rate": 1e22})
KEYS = [
    MeasurementKey(
        supernet_digest="d",
        architecture=f"32:{n}",
        objective="fid",
        protocol_digest=PROTOCOL.digest,
        device="",
    )
    for n in range(3)
]
FID = Value(
    value=0.1 + 0.2,
    low=0.25,
    high=0.35,
    samples=512,
    protocol_digest=PROTOCOL.digest,
    replicates=(0.1, 1 / 3, 1e-300),
    resampling=Resampling.BOOTSTRAP,
)
LATENCY = Value(value=1.5, low=1.4, high=1.6, device="cpu", protocol_digest="l")
MACS = Value(value=1e8)


def rows(url: str) -> dict[str, int]:
    """By table."""
    database = Database(url)
    with database.reading() as connection:
        found = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }
    database.close()
    return found


def fill(storage: Storage, new_job: Callable[..., Job], new_evaluation: Any) -> list[Job]:
    """Something of every kind; the jobs, as they are then."""
    at = new_job().created_at
    sizes = {"resolution": 32}
    for status in SupernetStatus:
        supernet = Supernet(
            id=new_id("sup"),
            name=f"a-{status}",
            family="anycost",
            parameters=sizes,
            checkpoint="file:///w",
            dataset="fashion-mnist-32",
            feature_extractor="fashion-classifier",
            created_at=at,
        )
        storage.supernets.add(supernet)
        storage.supernets.settle(
            replace(supernet, status=status, digest="d", protocol={"filter": [1, 2]}, reason="r")
        )
    storage.devices.put(
        Device(id=new_id("dev"), name="cpu", protocol={"runtime": "torch"}, created_at=at)
    )
    answer = Answer(fingerprint="f", status=201, headers={"Location": "/j"}, body=b"\x00{}")
    storage.answers.once("key", lambda: answer)
    storage.workers.arrive("first", token="t", lease_seconds=30)

    labels = {"team": "a", "of": "me"}
    search = new_job(
        labels=labels, team="a", priority=3, supernet="sup_a", spec={"seed": 1, "x": [1, 2]}
    )
    made = [search]
    storage.jobs.add(search)
    claim = storage.jobs.claim(worker="first", lease_seconds=30)
    assert claim is not None
    storage.measurements.add(
        {
            KEYS[0]: Measurement(
                value=0.3, low=0.1, high=1e300, protocol=PROTOCOL, details={"ratio": 0.1}
            )
        }
    )
    storage.measurements.reserve(claim, KEYS[1:])
    ended = [
        new_evaluation(claim, 0, values={"fid": FID, "latency_ms": LATENCY, "macs": MACS}),
        new_evaluation(claim, 1, values={"fid": FID, "macs": Value(value=2e8)}, seconds=0.5),
        new_evaluation(
            claim,
            2,
            values={"macs": MACS},
            state=EvaluationState.INFEASIBLE,
            rung=-1,
            reason="macs",
        ),
        new_evaluation(claim, 3, values={}, state=EvaluationState.FAILED, reason="NaN"),
    ]
    for evaluation in ended:
        storage.evaluations.record(
            claim,
            [
                Finished(
                    evaluation=evaluation,
                    front=[ended[0].id],
                    hypervolume=0.5,
                    reference_point={"fid": 1.0},
                )
            ],
        )
    storage.evaluations.record_final(
        claim, {ended[0].id: {"fid": replace(FID, value=0.4)}}, front=[ended[0].id], hypervolume=0.4
    )
    storage.events.progress(claim, {"done": 1})
    storage.events.log(claim, "said")
    for kind, state in (
        (JobKind.TRAIN, JobState.SUCCEEDED),
        (JobKind.SCORE, JobState.FAILED),
        (JobKind.FINETUNE, JobState.SUCCEEDED),
    ):
        made.append(new_job(kind=kind, priority=2, supernet="", labels={"team": "b"}, team="b"))
        storage.jobs.add(made[-1])
        other = storage.jobs.claim(worker="second", lease_seconds=30)
        assert other is not None
        result = {"artifacts": {"log": "art_1"}} if state is JobState.SUCCEEDED else None
        storage.jobs.finish(other, state=state, reason="why", result=result)
    for step in (JobStep.PAUSE, JobStep.CANCEL):
        made.append(new_job(priority=2))
        storage.jobs.add(made[-1])
        assert storage.jobs.claim(worker="third", lease_seconds=30) is not None
        storage.jobs.step(made[-1].id, step)
    made.append(new_job())
    storage.jobs.add(made[-1])
    return [storage.jobs.get(job.id) for job in made]


def told(storage: Storage, jobs: list[Job]) -> dict[str, Any]:
    """All that can be read of it, through the contract."""
    page = storage.supernets.page(size=10)
    search = jobs[0]
    return {
        "jobs": [storage.jobs.get(job.id) for job in jobs],
        "events": [storage.events.read(job.id) for job in jobs],
        "labelled": [job.id for job in storage.jobs.page(size=10, label=("of", "me")).items],
        "supernets": page.items,
        "devices": storage.devices.all(),
        "measured": storage.measurements.find(KEYS),
        "evaluations": storage.evaluations.of_job(search.id),
        "history": storage.evaluations.history(search.id),
        "front": storage.evaluations.front_of(search.id),
        "by fid": storage.evaluations.page(search.id, size=10, order_by="fid").items,
    }


def judged(storage: Storage) -> list[tuple[bytes, ...]]:
    with storage.evaluations.judged("sup_a") as found:
        return sorted((id_,) for id_ in found.ids.tolist())


@pytest.mark.parametrize("revision", range(1, HEAD))
def test_all_that_an_earlier_schema_could_hold_is_as_it_was(
    database_url: str,
    new_job: Callable[..., Job],
    new_evaluation: Any,
    clock: Any,
    downgrade: Callable[[str, str], None],
    revision: int,
) -> None:
    migrate(database_url)
    storage = open_storage(database_url, clock=clock)
    jobs = fill(storage, new_job, new_evaluation)
    before, columns = told(storage, jobs), judged(storage)
    storage.close()
    assert len(columns) == 2
    filled = rows(database_url)
    assert [name for name, count in filled.items() if not count] == ["judged_blocks"]

    downgrade(database_url, f"{revision:04}")
    migrate(database_url)
    after_rows = rows(database_url)
    storage = open_storage(database_url, clock=clock)
    if revision < 2:  # which had no results
        before["jobs"] = [replace(job, result=None) for job in before["jobs"]]
    assert told(storage, jobs) == before
    assert judged(storage) == columns
    assert after_rows["judged_tail"] == 0
    assert after_rows["judged_blocks"] == 1
    leases = 2 if revision >= 3 else 0
    assert after_rows["measurement_leases"] == leases
    assert storage.workers.present() == (["first"] if revision >= 4 else [])
    kept = storage.answers.once("key", lambda: pytest.fail("the key's answer was lost"))
    assert kept[0].body == b"\x00{}"
    assert not kept[1]
    storage.close()


def test_what_is_tested_is_every_schema_there_has_been() -> None:
    versions = Path(migrations.__file__).parent / "versions"
    assert len(list(versions.glob("0*.py"))) == HEAD
