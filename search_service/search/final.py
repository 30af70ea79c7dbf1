"""The end of a search: front members, and those within noise of it, measured with fresh samples.

The best of thousands of noisy scores is too good; only values that had no part in the choice tell
how good it is.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from search_service.domain import pareto
from search_service.domain.evaluation import Evaluation, Value
from search_service.domain.measurement import MeasurementRequest
from search_service.search.ladder import contends
from search_service.search.measuring import Measuring
from search_service.search.plan import Plan
from search_service.search.standing import Standing

POLL_SECONDS = 0.5
FinalValues = Mapping[str, Mapping[str, Value]]  # by evaluation id, by objective


def remeasure(
    standing: Standing,
    *,
    plan: Plan,
    measuring: Measuring,
    tell: Callable[[int, int], None],
    check: Callable[[], None],
) -> FinalValues:
    """Fresh values of all that may be on the front. One that fails is left out."""
    chosen = contenders(standing)
    waiting: dict[int, list[MeasurementRequest]] = {}
    for e in chosen:
        waiting[e.number] = [
            *plan.timings(e.architecture, final=True),
            *plan.final_judgements(e.architecture),
        ]
    ids = {e.number: e.id for e in chosen}
    values: dict[str, dict[str, Value]] = {e.id: {} for e in chosen}
    failed: set[str] = set()
    tell(0, len(chosen))

    def ask_next(number: int) -> None:
        if waiting[number]:
            measuring.ask(number, waiting[number].pop(0))
        else:
            del waiting[number]

    for number in ids:
        ask_next(number)
    while waiting:
        check()
        for number, answer in measuring.receive(POLL_SECONDS):
            if isinstance(answer, str):
                failed.add(ids[number])
                del waiting[number]
                continue
            values[ids[number]][answer.protocol.objective] = Value.of(answer)
            ask_next(number)
        tell(len(chosen) - len(waiting), len(chosen))
    return {id_: v for id_, v in values.items() if id_ not in failed}


def contenders(standing: Standing) -> list[Evaluation]:
    """The front and all that noise alone may keep off it, by number."""
    objectives = standing.objectives
    candidates = standing.contenders()
    front = [e.values for e in standing.front()]
    return [
        e
        for e in candidates
        if contends(e.values, [rival for rival in front if rival is not e.values], objectives)
    ]


def front(standing: Standing, final_values: FinalValues) -> tuple[list[Evaluation], float | None]:
    """The front that the fresh values make, and its hypervolume."""
    measured = [
        replace(e, final_values=final_values[e.id])
        for e in standing.contenders()
        if e.id in final_values
    ]
    mask = pareto.non_dominated(standing.costs(measured))
    members = [e for e, keep in zip(measured, mask, strict=True) if keep]
    return members, standing.hypervolume(members)
