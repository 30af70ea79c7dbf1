"""Commands on jobs: accept one, and a user's steps. A refusal comes here, in milliseconds."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from search_service import catalog, searchers
from search_service.domain.ids import new_id
from search_service.domain.job import Job, JobKind, JobStep
from search_service.domain.objective import MIN_SAMPLES, Source, objective
from search_service.domain.seed import require_seed
from search_service.domain.spec import Constraint, ObjectiveSpec, SearchSpec
from search_service.domain.supernet import Supernet, SupernetStatus
from search_service.errors import Conflict, InvalidInput, NotFound, UnknownName
from search_service.queue import WakeUps
from search_service.searchers.base import Problem
from search_service.spaces.feasibility import admits, require_feasible
from search_service.storage.base import Storage

MAX_OBJECTIVES = 4
MAX_PARALLELISM = 1024


def submit(
    kind: str,
    spec: Mapping[str, Any],
    *,
    priority: int = 0,
    labels: Mapping[str, str] | None = None,
    storage: Storage,
    wake_ups: WakeUps,
) -> Job:
    """Accept a job. Its row is stored before any worker is woken.

    `spec` has the shape of the HTTP body's `spec`, its types already checked. Raises InvalidInput
    (or a subclass) whose pointer names the field, and Conflict for a supernet that is invalid.
    """
    if kind not in list(JobKind):
        known = ", ".join(JobKind)
        raise UnknownName(f"unknown kind of job {kind!r}; known: {known}", pointer="/kind")
    supernet = _supernet(spec, storage)
    search = SearchSpec.from_json({**spec, "supernet": supernet.id})
    _check(search, supernet, storage)
    job = Job(
        id=new_id("job"),
        kind=JobKind(kind),
        supernet=supernet.id,
        spec=search.to_json(),
        priority=priority,
        labels=dict(labels or {}),
        created_at=datetime.now(UTC),
    )
    storage.jobs.add(job)
    wake_ups.ring()
    return job


def step(job_id: str, step: JobStep, *, storage: Storage, wake_ups: WakeUps) -> Job:
    """Cancel, pause, resume or retry; raises NotFound, IllegalTransition."""
    job = storage.jobs.step(job_id, step)
    wake_ups.ring()
    return job


def _supernet(spec: Mapping[str, Any], storage: Storage) -> Supernet:
    try:
        supernet = storage.supernets.get(spec["supernet"])
    except NotFound as error:
        raise UnknownName(str(error), pointer="/spec/supernet") from error
    if supernet.status is SupernetStatus.INVALID:
        raise Conflict(f"supernet {supernet.name!r} is invalid: {supernet.reason}")
    return supernet


def _check(spec: SearchSpec, supernet: Supernet, storage: Storage) -> None:
    _check_numbers(spec)
    _check_objectives(spec.objectives, storage)
    for i, constraint in enumerate(spec.constraints):
        _check_device(constraint, f"/spec/constraints/{i}", storage)
    space = catalog.space_of(supernet)
    problem = Problem(
        space=space, objectives=len(spec.objectives), admits=admits(space, spec.constraints)
    )
    with _below("/spec"):
        searchers.check(spec.searcher.name, spec.searcher.parameters, problem=problem)
    for i, job_id in enumerate(spec.warm_start):
        _check_warm_start(job_id, f"/spec/warm_start/{i}/job", supernet, storage)
    with _below("/spec"):
        require_feasible(space, spec.constraints)


@contextmanager
def _below(prefix: str) -> Iterator[None]:
    """Pointers of errors raised inside get this prefix."""
    try:
        yield
    except InvalidInput as error:
        error.pointer = prefix + error.pointer
        raise


def _check_numbers(spec: SearchSpec) -> None:
    budget, fidelity, patience = spec.budget, spec.fidelity, spec.budget.patience
    _at_least("/spec/budget/evaluations", budget.evaluations, 1)
    if budget.wall_seconds is not None:
        wall = budget.wall_seconds
        if not (math.isfinite(wall) and wall > 0):
            raise InvalidInput(
                f"wall_seconds must be above 0, got {wall}", pointer="/spec/budget/wall_seconds"
            )
    if patience is not None:
        _at_least("/spec/budget/patience/evaluations", patience.evaluations, 1)
        if not (math.isfinite(patience.min_gain) and patience.min_gain >= 0):
            raise InvalidInput(
                f"min_gain must be 0 or more, got {patience.min_gain}",
                pointer="/spec/budget/patience/min_gain",
            )
    samples = fidelity.samples
    if not samples or list(samples) != sorted(set(samples)) or samples[0] < MIN_SAMPLES:
        raise InvalidInput(
            f"samples must be ascending counts of at least {MIN_SAMPLES}, got {list(samples)}",
            pointer="/spec/fidelity/samples",
        )
    _at_least("/spec/fidelity/final_samples", fidelity.final_samples, samples[-1])
    _at_least("/spec/parallelism", spec.parallelism, 1)
    if spec.parallelism > MAX_PARALLELISM:
        raise InvalidInput(
            f"parallelism must be at most {MAX_PARALLELISM}, got {spec.parallelism}",
            pointer="/spec/parallelism",
        )
    require_seed(spec.seed, pointer="/spec/seed")


def _at_least(pointer: str, value: int, least: int) -> None:
    if value < least:
        name = pointer.rpartition("/")[2]
        raise InvalidInput(f"{name} must be at least {least}, got {value}", pointer=pointer)


def _check_objectives(objectives: Sequence[ObjectiveSpec], storage: Storage) -> None:
    if not 1 <= len(objectives) <= MAX_OBJECTIVES:
        raise InvalidInput(
            f"a search has 1 to {MAX_OBJECTIVES} objectives, got {len(objectives)}",
            pointer="/spec/objectives",
        )
    for i, spec in enumerate(objectives):
        pointer = f"/spec/objectives/{i}"
        _check_device(spec, pointer, storage)
        if spec.name in [o.name for o in objectives[:i]]:
            raise InvalidInput(f"objective {spec.name!r} is named twice", pointer=pointer)


def _check_device(spec: ObjectiveSpec | Constraint, pointer: str, storage: Storage) -> None:
    timed = objective(spec.name, pointer=f"{pointer}/name").source is Source.DEVICE
    if not timed and spec.device:
        raise InvalidInput(f"{spec.name} does not depend on a device", pointer=f"{pointer}/device")
    if timed:
        known = ", ".join(device.name for device in storage.devices.all()) or "none yet"
        if not spec.device:
            raise InvalidInput(f"{spec.name} needs a device; known: {known}", pointer=pointer)
        try:
            storage.devices.get(spec.device)
        except NotFound as error:
            raise UnknownName(
                f"unknown device {spec.device!r}; known: {known}", pointer=f"{pointer}/device"
            ) from error


def _check_warm_start(job_id: str, pointer: str, supernet: Supernet, storage: Storage) -> None:
    try:
        job = storage.jobs.get(job_id)
    except NotFound as error:
        raise UnknownName(str(error), pointer=pointer) from error
    if job.supernet != supernet.id:
        raise InvalidInput(f"job {job_id} searched another supernet", pointer=pointer)
    if not job.state.terminal:  # its front may still change, and with it this search
        raise InvalidInput(f"job {job_id} is still {job.state}", pointer=pointer)
