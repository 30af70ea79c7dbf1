"""What each change makes of a job, and the events that tell it: pure, the same for every store.

state, end   {"state", "reason", "attempt"}
evaluation   {"id", "number", "architecture", "state", "rung", "values": {name: value}, "cached",
             "reason", "evaluations"}, the last being how many the job has now
front        {"members": [ids], "size", "hypervolume", "reference_point", "evaluations"}
progress     what the worker says
log          {"message"}
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from search_service.domain.evaluation import Evaluation, Finished, Value
from search_service.domain.event import EventKind
from search_service.domain.job import Job, JobChange, JobState, JobStep, state_after, team_of
from search_service.errors import Conflict, InvalidInput


@dataclass(frozen=True, kw_only=True)
class Told:
    """An event that has no number yet."""

    kind: EventKind
    data: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Change:
    """A job after a change, and what to tell of it, in order."""

    job: Job
    told: tuple[Told, ...]


def added(job: Job) -> Change:
    """A new job says its first state."""
    return Change(job=job, told=(_state(job),))


def claimed(job: Job, *, now: datetime) -> Change:
    """A queued job starts; a running one whose lease has ended goes on silently."""
    if job.state is JobState.RUNNING:
        return Change(job=job, told=())
    running = replace(job, state=JobState.RUNNING, started_at=now)
    return Change(job=running, told=(_state(running),))


def stepped(job: Job, step: JobStep, *, now: datetime) -> Change:
    """A user's step; a repeated one tells nothing. Raises IllegalTransition."""
    state = state_after(job.state, step)
    if state is job.state:
        return Change(job=job, told=())
    if step is JobStep.RETRY:
        again = replace(
            job,
            state=state,
            attempt=job.attempt + 1,
            reason="",
            started_at=None,
            finished_at=None,
        )
        return Change(job=again, told=(_state(again),))
    if state.terminal:
        return _ended(replace(job, state=state, finished_at=now))
    moved = replace(job, state=state)
    return Change(job=moved, told=(_state(moved),))


def changed(job: Job, change: JobChange) -> Change:
    """What a user changed; an equal value tells nothing. Raises Conflict, InvalidInput."""
    if job.state.terminal and (change.priority is not None or change.budget is not None):
        raise Conflict(f"a {job.state} job keeps its priority and budget; its labels may change")
    least = job.evaluations
    if change.budget is not None and change.budget["evaluations"] < least:
        raise InvalidInput(
            f"the budget must be at least the {least} evaluations that are recorded, got "
            f"{change.budget['evaluations']}",
            pointer="/budget/evaluations",
        )
    after = replace(
        job,
        priority=job.priority if change.priority is None else change.priority,
        labels=job.labels if change.labels is None else change.labels,
        team=job.team if change.labels is None else team_of(change.labels),
        spec=job.spec if change.budget is None else {**job.spec, "budget": change.budget},
    )
    said = {"priority": after.priority, "labels": after.labels, "budget": after.spec.get("budget")}
    was = {"priority": job.priority, "labels": job.labels, "budget": job.spec.get("budget")}
    words = [f"{name} is now {json.dumps(said[name])}" for name in said if said[name] != was[name]]
    if not words:
        return Change(job=job, told=())
    return Change(job=after, told=(Told(kind=EventKind.LOG, data={"message": "; ".join(words)}),))


def finished(
    job: Job, *, state: JobState, reason: str, result: Mapping[str, Any] | None, now: datetime
) -> Change:
    """Its worker ends it; raises ValueError for a state that is not terminal."""
    if not state.terminal:
        raise ValueError(f"a job finishes succeeded, failed or cancelled, not {state}")
    return _ended(replace(job, state=state, reason=reason, result=result, finished_at=now))


def recorded(job: Job, finished: Finished) -> Change:
    """One more evaluation, and the front if it changed."""
    front, hypervolume = finished.front, finished.hypervolume
    counted = replace(
        job,
        evaluations=job.evaluations + 1,
        front_size=job.front_size if front is None else len(set(front)),
        hypervolume=job.hypervolume if hypervolume is None else hypervolume,
        reference_point=job.reference_point or finished.reference_point,
    )
    told = [_evaluation(counted, finished.evaluation)]
    if front is not None:
        told.append(_front(counted, front))
    return Change(job=counted, told=tuple(told))


def unrecorded(finished: Iterable[Finished], known: Collection[int]) -> list[Finished]:
    """In order, those of numbers that are not known, the first of each."""
    new: dict[int, Finished] = {}
    for each in finished:
        if each.evaluation.number not in known:
            new.setdefault(each.evaluation.number, each)
    return list(new.values())


def remeasured(job: Job, *, front: Sequence[str], hypervolume: float | None) -> Change:
    """The front that the final values make."""
    settled = replace(job, front_size=len(set(front)), hypervolume=hypervolume)
    return Change(job=settled, told=(_front(settled, front),))


def _ended(job: Job) -> Change:
    state = _state(job)
    return Change(job=job, told=(state, Told(kind=EventKind.END, data=state.data)))


def _state(job: Job) -> Told:
    data = {"state": job.state.value, "reason": job.reason, "attempt": job.attempt}
    return Told(kind=EventKind.STATE, data=data)


def _evaluation(job: Job, evaluation: Evaluation) -> Told:
    data = {
        "id": evaluation.id,
        "number": evaluation.number,
        "architecture": evaluation.architecture,
        "state": evaluation.state.value,
        "rung": evaluation.rung,
        "values": {name: _value(value) for name, value in evaluation.values.items()},
        "cached": evaluation.cached,
        "reason": evaluation.reason,
        "evaluations": job.evaluations,
    }
    return Told(kind=EventKind.EVALUATION, data=data)


def _value(value: Value) -> dict[str, Any]:
    # Replicates are for comparisons, not for who follows the stream.
    return {
        name: field
        for name, field in vars(value).items()
        if name not in ("replicates", "resampling") and field not in (None, "")
    }


def _front(job: Job, members: Sequence[str]) -> Told:
    data = {
        "members": sorted(set(members)),
        "size": job.front_size,
        "hypervolume": job.hypervolume,
        "reference_point": job.reference_point,
        "evaluations": job.evaluations,
    }
    return Told(kind=EventKind.FRONT, data=data)
