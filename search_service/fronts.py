"""Queries: the front of a job, the front of a supernet over all jobs, the best of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from search_service.domain import pareto
from search_service.domain.evaluation import Evaluation, Value
from search_service.domain.front import Best, Front, Ties
from search_service.domain.job import Job, JobKind
from search_service.domain.judged import Bound, Judged, Need, Rows
from search_service.domain.objective import Source, objective
from search_service.domain.spec import Constraint, ObjectiveSpec, SearchSpec
from search_service.domain.supernet import Supernet
from search_service.domain.ties import all_ties
from search_service.errors import InvalidInput, NotFound
from search_service.storage.base import Storage

REFERENCE_MARGIN = 1.1  # the reference point lies this factor beyond the worst values
NEXT_BEST = 50  # evaluations that may be tied with the best one, in the order of their values


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
    """The front over all stored evaluations of a supernet that have every value asked for: of each
    architecture the latest, if it meets the constraints.

    Values that are estimated from images are compared under one protocol only: the one with the
    most samples. Raises InvalidInput when no objective is named.
    """
    if not objectives:
        raise InvalidInput("name at least one objective", pointer="/objectives")
    objectives = tuple(dict.fromkeys(objectives))
    with _question(supernet, [*objectives, *where], storage=storage) as (needs, judged):
        view = judged.view(needs)
        bounds = _bounds(needs, where)
        rows = view.front(len(objectives), bounds)
        costs = view.costs(len(objectives), rows)
        worst = view.worst(len(objectives), bounds) if len(rows) else costs
        points = _shown(judged, rows, needs, storage)
    reference = pareto_reference(worst.reshape(-1, len(objectives)))
    return Front(
        supernet=supernet.id,
        job=None,
        objectives=objectives,
        points=points,
        reference_point={o.name: float(r) for o, r in zip(objectives, reference, strict=False)},
        hypervolume=pareto.front_hypervolume(costs, reference) if len(rows) else None,
        ties=ties(points, objectives),
    )


def best(
    supernet: Supernet,
    *,
    minimize: ObjectiveSpec,
    where: Sequence[Constraint] = (),
    storage: Storage,
) -> Best:
    """The evaluation with the least value that meets the constraints; see Best. Tied with it may be
    the `NEXT_BEST` that follow it."""
    with _question(supernet, [minimize, *where], storage=storage) as (needs, judged):
        view = judged.view(needs)
        meeting = view.meeting(_bounds(needs, where))
        rows = view.least(1 + NEXT_BEST, meeting)
        support = len(meeting)
        ordered = _shown(judged, rows, needs, storage)
    if not ordered:
        return Best(evaluation=None, interval=None, tied=(), support=0, compared=0)
    values = [evaluation.best_values[minimize.name] for evaluation in ordered]
    winner, alike = values[0], set(all_ties(values).each()[0].tolist())
    high = winner.value if winner.high is None else winner.high
    low = winner.value if winner.low is None else winner.low
    return Best(
        evaluation=ordered[0],
        interval=(low, high),
        tied=tuple(
            evaluation
            for place, (evaluation, value) in enumerate(zip(ordered, values, strict=True))
            if place > 0 and (place in alike or value.value == winner.value)
        ),
        support=support,
        compared=len(ordered) - 1,
    )


def ties(points: Sequence[Evaluation], objectives: Sequence[ObjectiveSpec]) -> Ties:
    """Which points' values are within noise of each other, by the noise of the difference where
    both were judged on the same inputs; see Ties."""
    found, final = [p.values for p in points], [p.final_values for p in points]
    return {
        o.name: all_ties([f.get(o.name) or v[o.name] for f, v in zip(final, found, strict=True)])
        for o in objectives
    }


def pareto_reference(costs: np.ndarray) -> np.ndarray:
    """A point beyond the worst of each column of (n, m) costs; empty costs give an empty point."""
    if not len(costs):
        return np.zeros(0)
    worst = costs.max(axis=0)
    point: np.ndarray = worst + (REFERENCE_MARGIN - 1.0) * np.abs(worst)
    return point


@contextmanager
def _question(
    supernet: Supernet, asked: Sequence[ObjectiveSpec | Constraint], *, storage: Storage
) -> Iterator[tuple[tuple[Need, ...], Judged]]:
    """What is needed of each evaluation, each value once, in the order asked, and where it is."""
    with storage.evaluations.judged(supernet.id) as judged:
        needs = [
            Need(
                name=o.name,
                device=o.device,
                protocol=judged.protocol(o.name) if _is_of_images(o.name) else None,
            )
            for o in asked
        ]
        yield tuple(dict.fromkeys(needs)), judged


def _is_of_images(name: str) -> bool:
    return objective(name).source is Source.IMAGES


def _bounds(needs: Sequence[Need], where: Sequence[Constraint]) -> list[Bound]:
    places = {(need.name, need.device): i for i, need in enumerate(needs)}
    return [Bound(column=places[c.name, c.device], constraint=c) for c in where]


def _shown(
    judged: Judged, rows: Rows, needs: tuple[Need, ...], storage: Storage
) -> tuple[Evaluation, ...]:
    """Of some rows, with `best_values` that are what was compared: where those are of the search,
    they take the place of final ones."""

    def show(evaluation: Evaluation) -> Evaluation:
        return _comparable(evaluation, needs)

    return tuple(judged.evaluations(rows, storage.evaluations.some, show, way=needs))


def _comparable(evaluation: Evaluation, needs: Sequence[Need]) -> Evaluation:
    chosen: dict[str, Value] = {}
    for need in reversed(needs):  # what is minimised comes first, and is shown
        value = _value(evaluation, need)
        if value is not None:
            chosen[need.name] = value
    return replace(evaluation, final_values={**evaluation.final_values, **chosen})


def _value(evaluation: Evaluation, need: Need) -> Value | None:
    for values in (evaluation.final_values, evaluation.values):
        value = values.get(need.name)
        if value is None or (need.protocol is not None and value.protocol_digest != need.protocol):
            continue
        if need.device and value.device != need.device:
            continue
        return value
    return None


def _sorted(
    evaluations: Iterable[Evaluation], objectives: Sequence[ObjectiveSpec]
) -> tuple[Evaluation, ...]:
    def key(evaluation: Evaluation) -> tuple[float, ...]:
        values: Mapping[str, Value] = evaluation.best_values
        return tuple(values[o.name].value for o in objectives)

    return tuple(sorted(evaluations, key=key))
