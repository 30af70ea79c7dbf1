"""One candidate's way through its measurements, cheapest first, as a generator.

It yields a request and is sent the measurement; what it returns is how the candidate ended. It
knows no pool and no storage, so a candidate can wait for hours or be replayed from stored values.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from search_service.domain.evaluation import EvaluationState, Value
from search_service.domain.measurement import Measurement, MeasurementRequest
from search_service.domain.space import Architecture
from search_service.search.plan import Plan


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How a candidate ended. `rung_values` holds its values at each rung it was judged on."""

    state: EvaluationState
    values: dict[str, Value]
    rung: int = -1
    rung_values: list[dict[str, Value]] = field(default_factory=list)
    reason: str = ""


Contends = Callable[[int, dict[str, Value]], bool]  # (rung, values at it) -> worth more samples
Course = Generator[MeasurementRequest, Measurement, Verdict]


def course(architecture: Architecture, *, plan: Plan, contends: Contends) -> Course:
    """Closed forms, then timings, then images rung by rung while the candidate contends.

    A constraint that is broken ends it there: what comes later is dearer and cannot mend it.
    """
    text = str(architecture)
    values = plan.closed_form(architecture)
    rung_values: list[dict[str, Value]] = []

    def broken(rung: int) -> Verdict | None:
        names = [
            str(c)
            for c in plan.spec.constraints
            if c.name in values and c.violation(values[c.name].value)
        ]
        if not names:
            return None
        return Verdict(
            state=EvaluationState.INFEASIBLE,
            values=values,
            rung=rung,
            rung_values=rung_values,
            reason=f"breaks {', '.join(names)}",
        )

    if verdict := broken(-1):
        return verdict
    for request in plan.timings(text):
        values[request.protocol.objective] = Value.of((yield request))
        if verdict := broken(-1):
            return verdict
    rung = -1
    for rung, samples in enumerate(plan.rungs):
        for request in plan.judgements(text, samples):
            values[request.protocol.objective] = Value.of((yield request))
        rung_values.append(dict(values))
        if verdict := broken(rung):
            return verdict
        if rung + 1 < len(plan.rungs) and not contends(rung, rung_values[-1]):
            break
    return Verdict(
        state=EvaluationState.MEASURED, values=values, rung=rung, rung_values=rung_values
    )
