"""A search spec: all that defines a search; equal specs give equal sequences of architectures."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from search_service.domain.objective import Source, objective
from search_service.domain.teacher import SuppliedTeacher
from search_service.errors import InvalidInput


class Op(StrEnum):
    """How a constraint compares."""

    LE = "le"
    GE = "ge"


@dataclass(frozen=True, kw_only=True)
class ObjectiveSpec:
    """An objective to minimise; `device` for those that are timed."""

    name: str
    device: str = ""


@dataclass(frozen=True, kw_only=True)
class Constraint:
    """A bound on an objective that need not be minimised itself."""

    name: str
    op: Op
    value: float
    device: str = ""

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise InvalidInput(
                f"a constraint on {self.name} must be finite, got {self.value}", pointer="/value"
            )

    def violation(self, value: float) -> float:
        """By how much, relative to the bound, a value breaks it; 0 when it does not."""
        excess = value - self.value if self.op is Op.LE else self.value - value
        return max(0.0, excess) / (abs(self.value) or 1.0)

    def __str__(self) -> str:
        return f"{self.name}{'<=' if self.op is Op.LE else '>='}{self.value:g}"


@dataclass(frozen=True, kw_only=True)
class SearcherSpec:
    """Which searcher, and its parameters by name."""

    name: str = "nsga2"
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Patience:
    """Stop when the hypervolume grew by less than `min_gain` (relative) in `evaluations`."""

    evaluations: int
    min_gain: float = 1e-3


@dataclass(frozen=True, kw_only=True)
class Budget:
    """When to stop, whichever comes first."""

    evaluations: int
    wall_seconds: float | None = None
    patience: Patience | None = None


@dataclass(frozen=True, kw_only=True)
class Fidelity:
    """The ladder of sample counts for objectives estimated from images, ascending."""

    samples: tuple[int, ...] = (512, 2048)
    final_samples: int = 10_000


@dataclass(frozen=True, kw_only=True)
class SearchSpec:
    """Field names are those of the HTTP body. `parallelism` is the window: how many candidates
    may be in flight; it shapes the sequence, the number of actors does not."""

    supernet: str  # id
    objectives: tuple[ObjectiveSpec, ...]
    budget: Budget
    constraints: tuple[Constraint, ...] = ()
    searcher: SearcherSpec = field(default_factory=SearcherSpec)
    fidelity: Fidelity = field(default_factory=Fidelity)
    warm_start: tuple[str, ...] = ()  # job ids whose evaluated architectures are proposed first
    parallelism: int = 16
    seed: int = 0
    teacher: SuppliedTeacher | None = None  # of teacher_distance; None: the largest architecture

    def to_json(self) -> dict[str, Any]:
        """The HTTP shape, defaults written out."""
        patience = self.budget.patience
        return {
            "supernet": self.supernet,
            "objectives": [_without_empty(vars(o)) for o in self.objectives],
            "constraints": [
                _without_empty({**vars(c), "op": c.op.value}) for c in self.constraints
            ],
            "searcher": {"name": self.searcher.name, "parameters": dict(self.searcher.parameters)},
            "budget": _without_empty(
                {**vars(self.budget), "patience": dict(vars(patience)) if patience else None}
            ),
            "fidelity": {
                "samples": list(self.fidelity.samples),
                "final_samples": self.fidelity.final_samples,
            },
            "warm_start": [{"job": job} for job in self.warm_start],
            "parallelism": self.parallelism,
            "seed": self.seed,
            **({"teacher": self.teacher.to_json()} if self.teacher else {}),
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "SearchSpec":
        """From the HTTP shape, whose types were checked; what is left out takes its default."""
        given = dict(body)
        budget = dict(given["budget"])
        if budget.get("patience"):
            budget["patience"] = Patience(**budget["patience"])
        given["budget"] = Budget(**budget)
        given["objectives"] = tuple(ObjectiveSpec(**o) for o in given["objectives"])
        given["constraints"] = tuple(
            Constraint(**{**c, "op": Op(c["op"])}) for c in given.get("constraints", ())
        )
        if "searcher" in given:
            given["searcher"] = SearcherSpec(**given["searcher"])
        if "fidelity" in given:
            fidelity = dict(given["fidelity"])
            if "samples" in fidelity:
                fidelity["samples"] = tuple(fidelity["samples"])
            given["fidelity"] = Fidelity(**fidelity)
        if given.get("teacher"):
            given["teacher"] = SuppliedTeacher.from_json(given["teacher"])
        given["warm_start"] = tuple(w["job"] for w in given.get("warm_start", ()))
        return cls(**given)


_CONSTRAINT = re.compile(r"\s*([a-z_]+)\s*(<=|>=)\s*(\S+)\s*")


def parse_constraint(text: str, *, device: str = "", pointer: str = "") -> Constraint:
    """A constraint from `macs<=2e8` or `fid>=3`; `device` is kept for those that need one.

    Raises InvalidInput for another form, UnknownName for an unknown objective.
    """
    match = _CONSTRAINT.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        name, op, number = match.groups()
        value = float(number)
        if not math.isfinite(value):
            raise ValueError
    except ValueError:
        raise InvalidInput(
            f"{text!r} must be an objective, <= or >= and a finite number, such as macs<=2e8",
            pointer=pointer,
        ) from None
    timed = objective(name, pointer=pointer).source is Source.DEVICE
    return Constraint(
        name=name,
        op=Op.LE if op == "<=" else Op.GE,
        value=value,
        device=device if timed else "",
    )


def _without_empty(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None and value != ""}
