"""Which constraints a space can meet, told from closed forms alone, in milliseconds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from search_service.domain.objective import OBJECTIVES, Source
from search_service.domain.seed import require_seed
from search_service.domain.space import (
    Architecture,
    SearchSpace,
    architecture_at,
    largest,
    smallest,
)
from search_service.domain.spec import Constraint, Op
from search_service.errors import InfeasibleConstraint

SAMPLES = 2000
BOXES = 20_000  # about a second; nearly every question takes a few


@dataclass(frozen=True, kw_only=True)
class Feasibility:
    """`fraction` of `sampled` random architectures meets all constraints; ranges are exact."""

    feasible: bool
    fraction: float
    sampled: int
    ranges: Mapping[str, tuple[float, float]]


def closed_forms(space: SearchSpace) -> Mapping[str, Callable[[Architecture], int]]:
    """The exact costs of a space by objective. All grow with every option."""
    return {"macs": space.macs, "params": space.params}


def admits(space: SearchSpace, constraints: Sequence[Constraint]) -> Callable[[Architecture], bool]:
    """Whether an architecture meets those constraints that are known in closed form."""
    costs = closed_forms(space)
    known = [c for c in constraints if _is_known(c)]

    def check(architecture: Architecture) -> bool:
        return not any(c.violation(costs[c.name](architecture)) for c in known)

    return check


def feasibility(
    space: SearchSpace, constraints: Sequence[Constraint], *, samples: int = SAMPLES, seed: int = 0
) -> Feasibility:
    """What the constraints leave of the space; those that must be measured are passed over."""
    check = admits(space, constraints)
    rng = np.random.default_rng(require_seed(seed))
    tops = [len(choice.options) for choice in space.choices]
    drawn = rng.integers(tops, size=(samples, len(tops)))  # at once: single draws are slow
    met = sum(check(architecture_at(space, index)) for index in drawn.tolist())
    ends = smallest(space), largest(space)
    return Feasibility(
        feasible=bool(met) or _is_feasible(space, constraints),
        fraction=met / samples,
        sampled=samples,
        ranges={
            name: (float(cost(ends[0])), float(cost(ends[1])))
            for name, cost in closed_forms(space).items()
        },
    )


def require_feasible(space: SearchSpace, constraints: Sequence[Constraint]) -> None:
    """Raises InfeasibleConstraint when no architecture meets them.

    It points at the value of the one that cannot be met, with the reachable range, or at all of
    them where only together they cannot.
    """
    low, high = smallest(space), largest(space)
    costs = closed_forms(space)
    for i, c in enumerate(constraints):
        if not _is_known(c):
            continue
        least, most = costs[c.name](low), costs[c.name](high)
        if c.violation(least if c.op is Op.LE else most):
            raise InfeasibleConstraint(
                f"no architecture meets {c}: {c.name} ranges from {least:g} to {most:g}",
                pointer=f"/constraints/{i}/value",
            )
    if not _is_feasible(space, constraints):
        names = ", ".join(str(c) for c in constraints if _is_known(c))
        raise InfeasibleConstraint(
            f"no architecture was found that meets {names} together", pointer="/constraints"
        )


def _is_known(constraint: Constraint) -> bool:
    return OBJECTIVES[constraint.name].source is Source.CLOSED_FORM


def _is_feasible(space: SearchSpace, constraints: Sequence[Constraint]) -> bool:
    """By bisection: costs are monotone, so the two ends of a box of options bound all within.

    Exact unless BOXES do not suffice, which takes opposed bounds that all but touch.
    """
    check = admits(space, constraints)
    low_enough = admits(space, [c for c in constraints if c.op is Op.LE])
    high_enough = admits(space, [c for c in constraints if c.op is Op.GE])
    boxes = [([0] * len(space.choices), [len(c.options) - 1 for c in space.choices])]
    for _ in range(BOXES):
        if not boxes:
            return False
        low, high = boxes.pop()
        least, most = architecture_at(space, low), architecture_at(space, high)
        if not (low_enough(least) and high_enough(most)):
            continue
        if check(least) or check(most):
            return True
        live = space.describe(most)  # to halve a choice without effect gains nothing
        widths = [
            high[i] - low[i] if choice.name in live else 0 for i, choice in enumerate(space.choices)
        ]
        widest = widths.index(max(widths))
        if widths[widest]:
            middle = (low[widest] + high[widest]) // 2
            boxes.append((low, _with(high, widest, middle)))
            boxes.append((_with(low, widest, middle + 1), high))
    return False


def _with(index: list[int], place: int, value: int) -> list[int]:
    return [*index[:place], value, *index[place + 1 :]]
