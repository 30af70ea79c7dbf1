"""Evaluations recorded into PostgreSQL in one statement, which is a transaction by itself.

A process that records for a job knows from the last time what the job's row holds, as long as the
job has told no event since: whatever changes counters, front or reference point tells one. So the
statement begins by taking the row if its fence, state and last event are still those; everything
else depends on that, and where it fails nothing is done and the long way is taken.
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from search_service.domain.evaluation import Finished
from search_service.domain.job import Claim, Job
from search_service.storage.sql.batch import Batch
from search_service.storage.sql.engine import Database

_JOBS = 64  # whose rows are remembered

_RECORD = """
WITH held AS (
    UPDATE jobs SET
        evaluations = %(recorded)s, front_size = %(front_size)s, hypervolume = %(hypervolume)s,
        reference_point = %(reference_point)s::json, last_event = %(last_event)s
    WHERE id = %(job)s AND fence = %(fence)s AND state = 'running' AND last_event = %(known)s
    RETURNING id
), evaluated AS (
    INSERT INTO evaluations (
        id, job, supernet, number, architecture, options, state, rung, values, final_values,
        reason, samples_artifact, seconds, cached, created_at, on_front, recorded, front_size,
        hypervolume
    ) SELECT
        new.id, held.id, supernet, number, architecture, options, state, rung, values, final_values,
        reason, samples_artifact, seconds, cached, created_at, on_front, recorded, front_size,
        hypervolume
    FROM held, json_to_recordset(%(evaluations)s::json) AS new (
        id text, supernet text, number int, architecture text, options json, state text, rung int,
        values json, final_values json, reason text, samples_artifact text, seconds float8,
        cached bool, created_at timestamptz, on_front bool, recorded int, front_size int,
        hypervolume float8
    )
), ordered AS (
    INSERT INTO evaluation_order (job, name, value, number)
    SELECT held.id, best.name, best.value, best.number
    FROM held, unnest(%(names)s::text[], %(numeric)s::float8[], %(numbers)s::int[])
        AS best (name, value, number)
), tail AS (
    INSERT INTO judged_tail (evaluation, supernet, block)
    SELECT judged.evaluation, judged.supernet, judged.block
    FROM held, unnest(%(judged)s::text[], %(supernets)s::text[], %(blocks)s::bytea[])
        AS judged (evaluation, supernet, block)
), gone AS (
    UPDATE evaluations SET on_front = false
    WHERE id = ANY (%(gone)s::text[]) AND EXISTS (SELECT 1 FROM held)
), told AS (
    INSERT INTO events (job, sequence, kind, data, at)
    SELECT held.id, %(known)s + event.place, event.kind, event.data::json, %(at)s::timestamptz
    FROM held, unnest(%(kinds)s::text[], %(data)s::text[]) WITH ORDINALITY
        AS event (kind, data, place)
)
SELECT id FROM held
"""


def _time(value: object) -> str:
    if not isinstance(value, datetime):
        raise TypeError(f"no JSON form for {type(value).__name__} {value!r}")
    if value.tzinfo is None:
        raise ValueError(f"times that are stored must have a zone, got {value}")
    return value.isoformat()


_json = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=_time).encode


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a job's row was when it had told so many events."""

    job: Job
    fence: int
    last_event: int
    front: frozenset[str] | None = None  # None: it was not read


class Recording:
    """The short way, for jobs that this process has recorded for."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._lock = threading.Lock()

    def know(self, known: Known) -> None:
        """Remember what was committed."""
        with self._lock:
            self._known[known.job.id] = known
            self._known.move_to_end(known.job.id)
            while len(self._known) > _JOBS:
                self._known.popitem(last=False)

    def record(self, claim: Claim, finished: Sequence[Finished], *, now: datetime) -> Job | None:
        """The job after them; None where it could not be done so, nothing being changed by it
        unless the same evaluations are recorded already. Raises as `values.by_value` does."""
        known = self._known.get(claim.job.id)
        if known is None or known.fence != claim.fence or not self._database.has_single_statements:
            return None
        batch = Batch.of(known.job, finished)
        if batch.front is not None and (
            known.front is None or not batch.named_before() <= known.front
        ):
            return None
        after = known.front if batch.front is None else batch.front
        last_event = known.last_event + len(batch.told)
        parameters = _parameters(batch) | {
            "fence": claim.fence,
            "known": known.last_event,
            "last_event": last_event,
            "gone": list((known.front or frozenset()) - (after or frozenset())),
            "at": now,
        }
        if not self._database.at_once(_RECORD, parameters, tells=claim.job.id):
            with self._lock:
                self._known.pop(claim.job.id, None)
            return None
        self.know(replace(known, job=batch.job, last_event=last_event, front=after))
        return batch.job


def _parameters(batch: Batch) -> dict[str, Any]:
    job, order, tail = batch.job, batch.order_rows(), batch.tail_rows()
    return {
        "job": job.id,
        "recorded": job.evaluations,
        "front_size": job.front_size,
        "hypervolume": job.hypervolume,
        "reference_point": None if job.reference_point is None else _json(job.reference_point),
        "evaluations": _json(batch.evaluation_rows()),
        "names": [row["name"] for row in order],
        "numeric": [float(row["value"]) for row in order],
        "numbers": [row["number"] for row in order],
        "judged": [row["evaluation"] for row in tail],
        "supernets": [row["supernet"] for row in tail],
        "blocks": [row["block"] for row in tail],
        "kinds": [told.kind.value for told in batch.told],
        "data": [_json(told.data) for told in batch.told],
    }
