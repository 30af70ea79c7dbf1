"""What a database holds once all jobs have ended, without ids and times."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from infra.chaos import workload
from infra.chaos.workload import NAME
from search_service.artifacts import Artifacts
from search_service.domain.evaluation import Value
from search_service.domain.event import Event
from search_service.domain.job import Job, JobKind
from search_service.storage import open_storage
from search_service.storage.base import Storage
from search_service.storage.sql.engine import Database
from search_service.storage.sql.tables import measurements

NETWORKS = ("generator", "discriminator")  # artifacts of a training, whose ids are of their content
Facts = dict[str, Any]
Key = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Jobs by name, and the keys of all measurements, as they lie in the table."""

    jobs: Mapping[str, Facts]
    measured: Sequence[Key]


def outcome(url: str, artifacts: Artifacts) -> Outcome:
    """Of a database that answers."""
    storage = open_storage(url)
    found = {job.labels[NAME]: _of(job, storage, artifacts) for job in all_jobs(storage)}
    storage.close()
    return Outcome(jobs=found, measured=measured(url))


def measured(url: str) -> list[Key]:
    """The keys of all measurements that are stored, sorted; one that is stored twice twice."""
    columns = measurements.c
    key = (
        *(columns.supernet_digest, columns.architecture, columns.objective),
        *(columns.protocol_digest, columns.device),
    )
    database = Database(url)
    with database.reading() as connection:
        found = sorted(tuple(row) for row in connection.execute(select(*key)))
    database.close()
    return found


def all_jobs(storage: Storage) -> list[Job]:
    """There are few."""
    return list(storage.jobs.page(size=200).items)


def all_events(job: str, storage: Storage) -> list[Event]:
    """Of a job, in order."""
    found: list[Event] = []
    while page := storage.events.read(job, after=found[-1].sequence if found else 0):
        found += page
    return found


def _of(job: Job, storage: Storage, artifacts: Artifacts) -> Facts:
    ended: Facts = {"kind": str(job.kind), "state": str(job.state), "reason": job.reason}
    match job.kind:
        case JobKind.SEARCH:
            return ended | _of_search(job, storage)
        case JobKind.TRAIN:
            return ended | _of_training(job, artifacts)
        case _:
            return ended | {"scores": (job.result or {}).get("scores")}


def _of_search(job: Job, storage: Storage) -> Facts:
    """Of one that times its architectures no front: two times of one are never the same."""
    is_timed = workload.is_timed(job.spec)
    evaluations = [
        (
            e.number,
            e.architecture,
            str(e.state),
            e.rung,
            _values(e.values),
            str({}) if is_timed else str(e.final_values),
        )
        for e in storage.evaluations.of_job(job.id)
    ]
    found: Facts = {"evaluations": evaluations, "counted": job.evaluations}
    if not is_timed:
        front = storage.evaluations.front_of(job.id)
        found["front"] = sorted((e.architecture, str(dict(e.best_values))) for e in front)
    return found


def _values(values: Mapping[str, Value]) -> str:
    """Of a time only that it was taken, and where."""
    return str({name: value.device or value for name, value in values.items()})


def _of_training(job: Job, artifacts: Artifacts) -> Facts:
    kept = (job.result or {}).get("artifacts", {})
    if "log" not in kept:
        return {"networks": None}
    lines = artifacts.get(kept["log"]).content.decode().splitlines()
    losses = [{k: v for k, v in json.loads(line).items() if k != "images_per_s"} for line in lines]
    return {"networks": {name: kept.get(name) for name in NETWORKS}, "losses": losses}
