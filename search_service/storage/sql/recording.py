"""An evaluation recorded into PostgreSQL in one statement, which is a transaction by itself.

A process that records for a job knows from the last time what the job's row holds, as long as the
job has told no event since: whatever changes counters, front or reference point tells one. So the
statement begins by taking the row if its fence, state and last event are still those; everything
else depends on that, and where it fails nothing is done and the long way is taken.
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import isfinite
from typing import Any

from search_service.domain.evaluation import Evaluation, EvaluationState
from search_service.domain.job import Claim, Job
from search_service.domain.judged import row_bytes
from search_service.storage import changes
from search_service.storage.sql import rows
from search_service.storage.sql.engine import Database

_JOBS = 64  # whose rows are remembered
_json = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode

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
        %(id)s, held.id, %(supernet)s, %(number)s, %(architecture)s, %(options)s::json, %(state)s,
        %(rung)s, %(values)s::json, %(final_values)s::json, %(reason)s, %(samples_artifact)s,
        %(seconds)s, %(cached)s, %(created_at)s::timestamptz, %(on_front)s, %(recorded)s,
        %(front_size)s, %(hypervolume)s::float8
    FROM held
), ordered AS (
    INSERT INTO evaluation_order (job, name, value, number)
    SELECT held.id, best.name, best.value, %(number)s
    FROM held, unnest(%(names)s::text[], %(numbers)s::float8[]) AS best (name, value)
), tail AS (
    INSERT INTO judged_tail (evaluation, supernet, block)
    SELECT %(id)s, %(supernet)s, %(block)s::bytea FROM held WHERE %(judged)s
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

    def record(
        self,
        claim: Claim,
        evaluation: Evaluation,
        *,
        front: Sequence[str] | None,
        hypervolume: float | None,
        reference_point: Mapping[str, float] | None,
        now: datetime,
    ) -> Job | None:
        """The job after it; None where it could not be done so, nothing being changed by it unless
        the same evaluation is recorded already. Raises as `values.by_value` does."""
        known = self._known.get(claim.job.id)
        if known is None or known.fence != claim.fence or not self._database.has_single_statements:
            return None
        after = known.front
        if front is not None:
            if known.front is None or not set(front) <= known.front | {evaluation.id}:
                return None
            after = frozenset(front)
        reference_point = None if reference_point is None else dict(reference_point)
        change = changes.recorded(
            known.job,
            evaluation,
            front=front,
            hypervolume=hypervolume,
            reference_point=reference_point,
        )
        gone = [] if after is None or known.front is None else list(known.front - after)
        last_event = known.last_event + len(change.told)
        parameters = _job_columns(change) | _columns(evaluation)
        parameters |= {
            "fence": claim.fence,
            "known": known.last_event,
            "last_event": last_event,
            "on_front": front is not None and evaluation.id in front,
            "gone": gone,
            "at": now,
        }
        if not self._database.at_once(_RECORD, parameters, tells=change.job.id):
            with self._lock:
                self._known.pop(claim.job.id, None)
            return None
        self.know(replace(known, job=change.job, last_event=last_event, front=after))
        return change.job


def _job_columns(change: changes.Change) -> dict[str, Any]:
    job = change.job
    return {
        "job": job.id,
        "recorded": job.evaluations,
        "front_size": job.front_size,
        "hypervolume": _finite(job.hypervolume),
        "reference_point": None if job.reference_point is None else _json(job.reference_point),
        "kinds": [told.kind.value for told in change.told],
        "data": [_json(told.data) for told in change.told],
    }


def _columns(evaluation: Evaluation) -> dict[str, Any]:
    if evaluation.created_at.tzinfo is None:
        raise ValueError(f"times that are stored must have a zone, got {evaluation.created_at}")
    columns = rows.evaluation_row(evaluation)
    for name in ("options", "values", "final_values"):
        columns[name] = _json(columns[name])
    judged = evaluation.state is EvaluationState.MEASURED
    best = evaluation.best_values
    columns["state"] = evaluation.state.value
    columns["seconds"] = _finite(evaluation.seconds)
    columns["names"] = [*best, rows.having(best)]
    columns["numbers"] = [*(float(value.value) for value in best.values()), 0.0]
    columns["judged"] = judged
    columns["block"] = row_bytes(evaluation) if judged else None
    return columns


def _finite(number: float | None) -> float | None:
    if number is not None and not isfinite(number):
        raise ValueError(f"numbers that are stored must be finite, got {number}")
    return number
