"""Many evaluations put into PostgreSQL at once, as recording them one by one would leave them."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import psycopg
from psycopg import sql

from benchmarks.imagined import Imagined
from search_service.domain import pareto
from search_service.domain.evaluation import Evaluation, Finished
from search_service.domain.ids import new_id
from search_service.domain.job import Claim, Job, JobKind, JobState
from search_service.domain.judged import Block
from search_service.storage.base import Storage
from search_service.storage.sql.batch import Batch
from search_service.storage.sql.judged import BLOCK_ROWS

OF_A_JOB = 5 * BLOCK_ROWS  # evaluations of each search
LEASE_SECONDS = 1200
OBJECTIVES = [{"name": "fid"}, {"name": "latency_ms", "device": "cpu"}]
REFERENCE = {"fid": 500.0, "latency_ms": 50.0}
_json = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


def started(storage: Storage, supernet: str, *, worker: str = "w") -> Claim:
    """A search over it that a worker has begun."""
    spec = {"supernet": supernet, "objectives": OBJECTIVES, "budget": {"evaluations": OF_A_JOB}}
    job = Job(
        id=new_id("job"),
        kind=JobKind.SEARCH,
        supernet=supernet,
        spec=spec,
        labels={"of": worker},
        created_at=datetime.now(UTC),
    )
    storage.jobs.add(job)
    while True:  # first those whose worker was stopped
        claim = storage.jobs.claim(worker=worker, lease_seconds=LEASE_SECONDS)
        assert claim is not None
        if claim.job.id == job.id:
            return claim


def load_search(
    url: str, storage: Storage, claim: Claim, evaluations: Sequence[Evaluation]
) -> None:
    """All evaluations of a search, which has ended then; its front was told with the last one."""
    names = [objective["name"] for objective in OBJECTIVES]
    costs = np.array([[e.values[name].value for name in names] for e in evaluations])
    members = np.flatnonzero(pareto.non_dominated(costs)).tolist()
    reference = np.array([REFERENCE[name] for name in names])
    last = Finished(
        evaluation=evaluations[-1],
        front=[evaluations[i].id for i in members],
        hypervolume=pareto.hypervolume(costs[members], reference),
        reference_point=REFERENCE,
    )
    before, _ = storage.jobs.last_events([claim.job.id])[claim.job.id]
    batch = Batch.of(claim.job, [*(Finished(evaluation=e) for e in evaluations[:-1]), last])
    now = datetime.now(UTC)
    events = [
        vars(told) | {"job": claim.job.id, "sequence": sequence, "at": now}
        for sequence, told in enumerate(batch.told, start=before + 1)
    ]
    with psycopg.connect(url) as connection:
        _copy(connection, "evaluations", batch.evaluation_rows())
        _copy(connection, "evaluation_order", batch.order_rows())
        _copy(connection, "events", events)
        _copy(connection, "judged_blocks", _blocks(connection, claim.job.supernet, evaluations))
        connection.execute(
            "UPDATE jobs SET evaluations = %s, front_size = %s, hypervolume = %s,"
            " reference_point = %s, last_event = %s WHERE id = %s",
            (
                batch.job.evaluations,
                batch.job.front_size,
                batch.job.hypervolume,
                _json(REFERENCE),
                before + len(events),
                claim.job.id,
            ),
        )
    storage.jobs.finish(claim, state=JobState.SUCCEEDED, reason="")


def load(
    url: str,
    storage: Storage,
    supernet: str,
    imagined: Imagined,
    *,
    replicates: int,
    rng: np.random.Generator,
) -> Iterator[list[Evaluation]]:
    """Searches of `OF_A_JOB` evaluations each, one after another; those of each."""
    for first in range(0, len(imagined), OF_A_JOB):
        claim = started(storage, supernet)
        part = imagined[first : first + OF_A_JOB]
        evaluations = list(
            part.evaluations(
                job=claim.job.id, supernet=supernet, first=0, replicates=replicates, rng=rng
            )
        )
        load_search(url, storage, claim, evaluations)
        yield evaluations


def _blocks(
    connection: "psycopg.Connection[Any]", supernet: str, evaluations: Sequence[Evaluation]
) -> Iterable[dict[str, Any]]:
    found = connection.execute(
        "SELECT coalesce(max(number), 0) FROM judged_blocks WHERE supernet = %s", (supernet,)
    ).fetchone()
    assert found is not None
    for number, part in enumerate(Block.of(evaluations).split(BLOCK_ROWS), start=found[0] + 1):
        yield {
            "supernet": supernet,
            "number": number,
            "size": len(part),
            "block": part.to_bytes(),
        }


def _copy(
    connection: "psycopg.Connection[Any]", table: str, rows: Iterable[Mapping[str, Any]]
) -> None:
    """Rows with the same columns; mappings are stored as JSON."""
    rows = list(rows)
    columns = list(rows[0])
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(
                [_json(value) if isinstance(value, dict) else value for value in row.values()]
            )
