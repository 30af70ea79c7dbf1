"""Accepting a search: names, constraints and budget are checked now."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from search_service import catalog, searchers
from search_service.domain.objective import Source, objective
from search_service.domain.seed import require_seed
from search_service.domain.spec import Budget, Constraint, ObjectiveSpec, SearchSpec
from search_service.domain.supernet import Supernet, SupernetStatus
from search_service.domain.teacher import OBJECTIVE, SuppliedTeacher
from search_service.errors import InvalidInput, NotFound, UnknownName
from search_service.jobs.checks import Accepted, at_least, below, find_supernet
from search_service.recipes.checks import one_of
from search_service.recipes.translation import KINDS
from search_service.searchers.base import Problem
from search_service.spaces.feasibility import admits, require_feasible
from search_service.spaces.gan_compression import GanCompressionSpace
from search_service.storage.base import Storage

MAX_OBJECTIVES = 4
MAX_PARALLELISM = 1024


def accept(body: Mapping[str, Any], *, storage: Storage) -> Accepted:
    """Raises InvalidInput (or a subclass) whose pointer names the field, and Conflict for a
    supernet that is invalid."""
    supernet = find_supernet(body["supernet"], storage)
    spec = SearchSpec.from_json({**body, "supernet": supernet.id})
    _check(spec, supernet, storage)
    if spec.teacher is not None:
        spec = replace(spec, teacher=_checked(spec.teacher, spec, supernet))
    return Accepted(spec=spec.to_json(), supernet=supernet.id)


def accept_budget(spec: Mapping[str, Any], budget: Mapping[str, Any]) -> Mapping[str, Any]:
    """Another budget for a stored spec, in its form. Raises InvalidInput below `/budget`."""
    changed = SearchSpec.from_json({**spec, "budget": budget})
    _check_budget(changed.budget, "/budget")
    stored: Mapping[str, Any] = changed.to_json()["budget"]
    return stored


def _check(spec: SearchSpec, supernet: Supernet, storage: Storage) -> None:
    _check_objectives(spec.objectives, storage)
    for i, constraint in enumerate(spec.constraints):
        _check_device(constraint, f"/spec/constraints/{i}", storage)
    _check_numbers(spec)
    _check_images(spec, supernet)
    space = catalog.space_of(supernet)
    problem = Problem(
        space=space, objectives=len(spec.objectives), admits=admits(space, spec.constraints)
    )
    with below("/spec"):
        searchers.check(spec.searcher.name, spec.searcher.parameters, problem=problem)
    for i, job_id in enumerate(spec.warm_start):
        _check_warm_start(job_id, f"/spec/warm_start/{i}/job", supernet, storage)
    with below("/spec"):
        require_feasible(space, spec.constraints)


def _checked(teacher: SuppliedTeacher, spec: SearchSpec, supernet: Supernet) -> SuppliedTeacher:
    """With its digest; whether its weights fit its size is seen by a worker."""
    space = catalog.space_of(supernet)
    if not isinstance(space, GanCompressionSpace):
        raise InvalidInput(
            f"a teacher can be supplied for image-to-image supernets, not for {supernet.family}",
            pointer="/spec/teacher",
        )
    measured = [*(o.name for o in spec.objectives), *(c.name for c in spec.constraints)]
    if OBJECTIVE not in measured:
        raise InvalidInput(
            f"a teacher is for {OBJECTIVE}, which this search does not measure",
            pointer="/spec/teacher",
        )
    at_least("/spec/teacher/base_channels", teacher.base_channels, 1)
    at_least("/spec/teacher/blocks", teacher.blocks, 1)
    with below("/spec/teacher"):
        one_of("kind", teacher.kind, KINDS)
        catalog.check_checkpoint(teacher.checkpoint)
        digest = catalog.digest_of(teacher.checkpoint)
    if teacher.digest not in ("", digest):
        raise InvalidInput(
            f"the SHA-256 of {teacher.checkpoint} is {digest}", pointer="/spec/teacher/digest"
        )
    return replace(teacher, digest=digest)


def _check_numbers(spec: SearchSpec) -> None:
    _check_budget(spec.budget, "/spec/budget")
    fidelity = spec.fidelity
    samples = fidelity.samples
    wanted = _samples_wanted(spec)
    least = min(wanted.values(), default=1)
    if not samples or list(samples) != sorted(set(samples)) or samples[0] < least:
        raise InvalidInput(
            f"samples must be ascending counts of at least {least}, got {list(samples)}",
            pointer="/spec/fidelity/samples",
        )
    for name, enough in wanted.items():
        if samples[-1] < enough:
            raise InvalidInput(
                f"{name} takes at least {enough} samples, the last of {list(samples)} is less",
                pointer="/spec/fidelity/samples",
            )
    at_least("/spec/fidelity/final_samples", fidelity.final_samples, samples[-1])
    at_least("/spec/parallelism", spec.parallelism, 1)
    if spec.parallelism > MAX_PARALLELISM:
        raise InvalidInput(
            f"parallelism must be at most {MAX_PARALLELISM}, got {spec.parallelism}",
            pointer="/spec/parallelism",
        )
    require_seed(spec.seed, pointer="/spec/seed")


def _check_budget(budget: Budget, pointer: str) -> None:
    at_least(f"{pointer}/evaluations", budget.evaluations, 1)
    if budget.wall_seconds is not None:
        wall = budget.wall_seconds
        if not (math.isfinite(wall) and wall > 0):
            raise InvalidInput(
                f"wall_seconds must be above 0, got {wall}", pointer=f"{pointer}/wall_seconds"
            )
    if budget.patience is not None:
        at_least(f"{pointer}/patience/evaluations", budget.patience.evaluations, 1)
        gain = budget.patience.min_gain
        if not (math.isfinite(gain) and gain >= 0):
            raise InvalidInput(
                f"min_gain must be 0 or more, got {gain}", pointer=f"{pointer}/patience/min_gain"
            )


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


def _samples_wanted(spec: SearchSpec) -> dict[str, int]:
    """The least sample count of each objective estimated from images."""
    names = [*(o.name for o in spec.objectives), *(c.name for c in spec.constraints)]
    named = {name: objective(name) for name in names}
    return {n: o.min_samples for n, o in named.items() if o.source is Source.IMAGES}


def _check_images(spec: SearchSpec, supernet: Supernet) -> None:
    """What a supernet can be judged by is known once it is ready."""
    if supernet.status is not SupernetStatus.READY:
        return
    places = {f"/spec/objectives/{i}/name": o.name for i, o in enumerate(spec.objectives)}
    places |= {f"/spec/constraints/{i}/name": c.name for i, c in enumerate(spec.constraints)}
    for pointer, name in places.items():
        if objective(name).source is Source.IMAGES:
            supernet.judging(name, pointer=pointer)


def _check_device(spec: ObjectiveSpec | Constraint, pointer: str, storage: Storage) -> None:
    timed = objective(spec.name, pointer=f"{pointer}/name").source is Source.DEVICE
    if not timed and spec.device:
        raise InvalidInput(f"{spec.name} does not depend on a device", pointer=f"{pointer}/device")
    if timed:
        known = ", ".join(device.name for device in storage.devices.all()) or "none yet"
        if not spec.device:
            raise InvalidInput(f"{spec.name} needs a device; known: {known}", pointer=pointer)
        catalog.require_device(spec.device, pointer=f"{pointer}/device", storage=storage)


def _check_warm_start(job_id: str, pointer: str, supernet: Supernet, storage: Storage) -> None:
    try:
        job = storage.jobs.get(job_id)
    except NotFound as error:
        raise UnknownName(str(error), pointer=pointer) from error
    if job.supernet != supernet.id:
        raise InvalidInput(f"job {job_id} searched another supernet", pointer=pointer)
    if not job.state.terminal:  # its front may still change, and with it this search
        raise InvalidInput(f"job {job_id} is still {job.state}", pointer=pointer)
