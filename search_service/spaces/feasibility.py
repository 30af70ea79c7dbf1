"""Which constraints a space can meet, told from closed forms alone, in milliseconds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from search_service.domain.objective import OBJECTIVES, Source
from search_service.domain.space import (
    Architecture,
    SearchSpace,
    architecture_at,
    enumerate_space,
    largest,
    sample,
    smallest,
)
from search_service.domain.spec import Constraint, Op
from search_service.errors import InfeasibleConstraint

SAMPLES = 2000
ENUMERATED = 20_000  # spaces up to this size are looked through when nothing quicker decides
WALKS = 20


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
    rng = np.random.default_rng(seed)
    met = sum(check(sample(space, rng)) for _ in range(samples))
    ends = smallest(space), largest(space)
    return Feasibility(
        feasible=bool(met) or _is_feasible(space, constraints, check, rng),
        fraction=met / samples,
        sampled=samples,
        ranges={
            name: (float(cost(ends[0])), float(cost(ends[1])))
            for name, cost in closed_forms(space).items()
        },
    )


def require_feasible(space: SearchSpace, constraints: Sequence[Constraint]) -> None:
    """Raises InfeasibleConstraint, with the reachable range, when no architecture meets them."""
    low, high = smallest(space), largest(space)
    costs = closed_forms(space)
    for i, c in enumerate(constraints):
        if not _is_known(c):
            continue
        least, most = costs[c.name](low), costs[c.name](high)
        if c.violation(least if c.op is Op.LE else most):
            raise InfeasibleConstraint(
                f"no architecture meets {c}: {c.name} ranges from {least:g} to {most:g}",
                pointer=f"/constraints/{i}",
            )
    check = admits(space, constraints)
    if not _is_feasible(space, constraints, check, np.random.default_rng(0)):
        names = ", ".join(str(c) for c in constraints if _is_known(c))
        raise InfeasibleConstraint(
            f"no architecture was found that meets {names} together", pointer="/constraints"
        )


def _is_known(constraint: Constraint) -> bool:
    return OBJECTIVES[constraint.name].source is Source.CLOSED_FORM


def _is_feasible(
    space: SearchSpace,
    constraints: Sequence[Constraint],
    check: Callable[[Architecture], bool],
    rng: np.random.Generator,
) -> bool:
    """Exact when all bounds point one way, since costs are monotone, or the space is small."""
    known = [c for c in constraints if _is_known(c)]
    ops = {c.op for c in known}
    if len(ops) <= 1:
        return check(largest(space) if ops == {Op.GE} else smallest(space))
    if any(check(a) for _ in range(WALKS) for a in _walk(space, rng)):
        return True
    if space.size <= ENUMERATED:
        return any(map(check, enumerate_space(space)))
    return any(_descend(space, known, start) for start in _corners(space))


def _walk(space: SearchSpace, rng: np.random.Generator) -> Iterator[Architecture]:
    """From the smallest to the largest, one step up in one choice at a time."""
    tops = [len(choice.options) - 1 for choice in space.choices]
    index = [0] * len(tops)
    yield architecture_at(space, index)
    while index != tops:
        open_choices = [i for i, (at, top) in enumerate(zip(index, tops, strict=True)) if at < top]
        index[int(rng.choice(open_choices))] += 1
        yield architecture_at(space, index)


def _corners(space: SearchSpace) -> Iterator[tuple[int, ...]]:
    """Everything at its largest, but the first choice anywhere: it weighs the most."""
    first, *rest = space.choices
    for option in range(len(first.options)):
        yield (option, *(len(choice.options) - 1 for choice in rest))


def _descend(space: SearchSpace, known: Sequence[Constraint], start: Sequence[int]) -> bool:
    """Whether steps in one choice at a time, each the best there is, end all violation."""
    costs = closed_forms(space)

    def violation(index: tuple[int, ...]) -> float:
        architecture = architecture_at(space, index)
        return sum(c.violation(costs[c.name](architecture)) for c in known)

    index = tuple(start)
    least = violation(index)
    while least > 0:
        steps = [
            (*index[:i], at, *index[i + 1 :])
            for i, choice in enumerate(space.choices)
            for at in (index[i] - 1, index[i] + 1)
            if 0 <= at < len(choice.options)
        ]
        best = min(steps, key=violation)
        if violation(best) >= least:
            return False
        index, least = best, violation(best)
    return True
