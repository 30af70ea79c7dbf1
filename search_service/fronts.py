"""Queries: the front of a job, the front of a supernet over all jobs, the best of them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from search_service.domain import pareto
from search_service.domain.evaluation import Evaluation, Value
from search_service.domain.front import Best, Front, Ties
from search_service.domain.job import Job, JobKind
from search_service.domain.objective import Source, objective
from search_service.domain.paired import tied
from search_service.domain.spec import Constraint, ObjectiveSpec, SearchSpec
from search_service.domain.supernet import Supernet
from search_service.errors import InvalidInput, NotFound
from search_service.storage.base import Storage

REFERENCE_MARGIN = 1.1  # the reference point lies this factor beyond the worst values


def job_front(job: Job, *, storage: Storage) -> Front:
    """The stored front of a search: of search-time values while it runs, re-measured at its end.

    Raises NotFound for another kind of job.
    """
    if job.kind is not JobKind.SEARCH:
        raise NotFound(f"{job.id} is a {job.kind} job: it has no front")
    objectives = SearchSpec.from_json(job.spec).objectives
    points = _sorted(storage.evaluations.front_of(job.id), objectives)
    return Front(
        supernet=job.supernet,
        job=job.id,
        objectives=objectives,
        points=points,
        reference_point=job.reference_point or {},
        hypervolume=job.hypervolume,
        ties=ties(points, objectives),
    )


def supernet_front(
    supernet: Supernet,
    *,
    objectives: Sequence[ObjectiveSpec],
    where: Sequence[Constraint] = (),
    storage: Storage,
) -> Front:
    """The front over all stored evaluations of a supernet that have every value asked for.

    Values that are estimated from images are compared under one protocol only: the one with the
    most samples. Raises InvalidInput when no objective is named.
    """
    if not objectives:
        raise InvalidInput("name at least one objective", pointer="/objectives")
    candidates = comparable(
        storage.evaluations.of_supernet(supernet.id), [*objectives, *where], where
    )
    costs = _costs(candidates, objectives)
    reference = pareto_reference(costs)
    mask = pareto.non_dominated(costs)
    points = _sorted((e for e, keep in zip(candidates, mask, strict=True) if keep), objectives)
    return Front(
        supernet=supernet.id,
        job=None,
        objectives=tuple(objectives),
        points=points,
        reference_point={o.name: float(r) for o, r in zip(objectives, reference, strict=False)},
        hypervolume=pareto.hypervolume(costs, reference) if candidates else None,
        ties=ties(points, objectives),
    )


def best(
    supernet: Supernet,
    *,
    minimize: ObjectiveSpec,
    where: Sequence[Constraint] = (),
    storage: Storage,
) -> Best:
    """The evaluation with the least value that meets the constraints; see Best."""
    candidates = comparable(storage.evaluations.of_supernet(supernet.id), [minimize, *where], where)
    if not candidates:
        return Best(evaluation=None, interval=None, tied=(), support=0)
    ordered = _sorted(candidates, [minimize])
    winner = ordered[0].best_values[minimize.name]
    high = winner.value if winner.high is None else winner.high
    low = winner.value if winner.low is None else winner.low
    return Best(
        evaluation=ordered[0],
        interval=(low, high),
        tied=tuple(e for e in ordered[1:] if _alike(e.best_values[minimize.name], winner)),
        support=len(candidates),
    )


def ties(points: Sequence[Evaluation], objectives: Sequence[ObjectiveSpec]) -> Ties:
    """By point and objective, in order: the other points whose value is within noise of its own,
    by the noise of the difference where both were judged on the same inputs."""
    return {
        point.id: {
            o.name: tuple(
                other.id
                for other in points
                if other is not point and tied(point.best_values[o.name], other.best_values[o.name])
            )
            for o in objectives
        }
        for point in points
    }


def comparable(
    evaluations: Iterable[Evaluation],
    needed: Sequence[ObjectiveSpec | Constraint],
    where: Sequence[Constraint],
) -> list[Evaluation]:
    """Those whose needed values are there, of one protocol and device each, and meet `where`; one
    per architecture, the latest. Their `final_values` are dropped where `values` are the ones
    compared, so that `best_values` is what was compared."""
    evaluations = list(evaluations)
    protocols = {
        n.name: _best_protocol(evaluations, n.name)
        for n in needed
        if objective(n.name).source is Source.IMAGES
    }
    found: dict[str, Evaluation] = {}
    for evaluation in evaluations:
        chosen: dict[str, Value] = {}
        for n in needed:
            value = _value(evaluation, n, protocols.get(n.name))
            if value is not None:
                chosen[n.name] = value
        if all(n.name in chosen for n in needed) and not any(
            c.violation(chosen[c.name].value) for c in where
        ):
            final = {**evaluation.final_values, **chosen}
            found[evaluation.architecture] = replace(evaluation, final_values=final)
    return list(found.values())


def pareto_reference(costs: np.ndarray) -> np.ndarray:
    """A point beyond the worst of each column of (n, m) costs; empty costs give an empty point."""
    if not len(costs):
        return np.zeros(0)
    worst = costs.max(axis=0)
    point: np.ndarray = worst + (REFERENCE_MARGIN - 1.0) * np.abs(worst)
    return point


def _value(
    evaluation: Evaluation, wanted: ObjectiveSpec | Constraint, protocol: str | None
) -> Value | None:
    for values in (evaluation.final_values, evaluation.values):
        value = values.get(wanted.name)
        if value is None or (protocol is not None and value.protocol_digest != protocol):
            continue
        if wanted.device and value.device != wanted.device:
            continue
        return value
    return None


def _best_protocol(evaluations: Sequence[Evaluation], name: str) -> str | None:
    """The digest with the most samples; among equals the one with the most values."""
    samples: dict[str, int] = {}
    counts: Counter[str] = Counter()
    for evaluation in evaluations:
        for values in (evaluation.values, evaluation.final_values):
            if name in values:
                digest = values[name].protocol_digest
                samples[digest] = values[name].samples or 0
                counts[digest] += 1
    return max(samples, key=lambda d: (samples[d], counts[d], d), default=None)


def _costs(evaluations: Sequence[Evaluation], objectives: Sequence[ObjectiveSpec]) -> np.ndarray:
    rows = [[e.best_values[o.name].value for o in objectives] for e in evaluations]
    return np.array(rows, dtype=np.float64).reshape(len(evaluations), len(objectives))


def _sorted(
    evaluations: Iterable[Evaluation], objectives: Sequence[ObjectiveSpec]
) -> tuple[Evaluation, ...]:
    def key(evaluation: Evaluation) -> tuple[float, ...]:
        values: Mapping[str, Value] = evaluation.best_values
        return tuple(values[o.name].value for o in objectives)

    return tuple(sorted(evaluations, key=key))


def _alike(value: Value, winner: Value) -> bool:
    return value.value == winner.value or tied(value, winner)
