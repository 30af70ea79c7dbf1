"""The contract of a searcher, for every registered one."""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from statistics import median
from typing import Any

import numpy as np
import pytest

from search_service import searchers, spaces
from search_service.domain import pareto
from search_service.domain.space import Architecture, SearchSpace, enumerate_space, indices_of
from search_service.errors import InvalidInput, UnknownName
from search_service.searchers.base import Problem, Searcher, Told
from search_service.searchers.selection import best_first

Measure = Callable[[Architecture], Told]
Undisturbed = Callable[[str], tuple[list[Architecture], list[Told]]]

WINDOW = 3
FIXED = {"channels.1": 0.5}


def fixed(sampler: str, **options: Any) -> dict[str, Any]:
    given = {"fixed_params": FIXED, "base_sampler": sampler, "base_options": options}
    return {"sampler": "PartialFixedSampler", "options": given}


EVERY: dict[str, tuple[str, Mapping[str, Any]]] = {
    "random": ("random", {}),
    "exhaustive": ("exhaustive", {}),
    "nsga2": ("nsga2", {"population_size": 6}),
    "evolution": ("evolution", {"population_size": 8}),
    "optuna-tpe": ("optuna", {"options": {"multivariate": True, "n_startup_trials": 5}}),
    "optuna-tpe-categorical": (
        "optuna",
        {"encoding": "categorical", "options": {"n_startup_trials": 5}},
    ),
    "optuna-nsga2": ("optuna", {"sampler": "NSGAIISampler", "options": {"population_size": 6}}),
    "optuna-nsga3": ("optuna", {"sampler": "NSGAIIISampler", "options": {"population_size": 6}}),
    "optuna-gp": ("optuna", {"sampler": "GPSampler", "options": {"n_startup_trials": 4}}),
    "optuna-random": ("optuna", {"sampler": "RandomSampler"}),
    "optuna-grid": ("optuna", {"sampler": "GridSampler"}),
    "optuna-tree": ("optuna", {"sampler": "BruteForceSampler"}),
    "optuna-sobol": ("optuna", {"sampler": "QMCSampler"}),
    "optuna-halton": (
        "optuna",
        {"sampler": "QMCSampler", "options": {"qmc_type": "halton", "scramble": True}},
    ),
    "optuna-cmaes": ("optuna", {"sampler": "CmaEsSampler", "options": {"popsize": 5}}),
    "optuna-fixed-tpe": ("optuna", fixed("TPESampler", n_startup_trials=5)),
    "optuna-fixed-nsga2": ("optuna", fixed("NSGAIISampler", population_size=6)),
    "optuna-fixed-cmaes": ("optuna", fixed("CmaEsSampler", popsize=5)),
    "optuna-fixed-grid": ("optuna", fixed("GridSampler")),
    "optuna-fixed-tree": ("optuna", fixed("BruteForceSampler")),
    "optuna-fixed-sobol": ("optuna", fixed("QMCSampler")),
}
SLOW_SAMPLERS = {"optuna-gp"}  # a second per proposal: a few are enough
UNTAUGHT = {"random", "exhaustive", "optuna-random"} | {
    name for name in EVERY if name.rpartition("-")[2] in ("grid", "tree", "sobol", "halton")
}


@pytest.fixture(scope="module")
def space() -> SearchSpace:
    return spaces.build("anycost", {"resolution": 8, "channel_multiplier": 0.0625})


@pytest.fixture(scope="module")
def problem(space: SearchSpace) -> Problem:
    """A constraint that refuses about half of the space."""
    return Problem(space=space, objectives=2, admits=lambda a: sum(indices_of(space, a)) % 2 == 0)


@dataclass(frozen=True, kw_only=True)
class FirstCost:
    """For a searcher of one objective: the first cost is all that it is told."""

    searcher: Searcher

    def ask(self, proposed: Sequence[Architecture], told: Sequence[Told]) -> Architecture | None:
        return self.searcher.ask(
            proposed, [replace(t, costs=t.costs and t.costs[:1]) for t in told]
        )


@pytest.fixture(params=sorted(EVERY))
def named(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def formula(space: SearchSpace) -> Measure:
    """Two costs in conflict: wide layers are dear, narrow ones bad, uneven neighbours worse."""
    top = np.array([max(1, len(choice.options) - 1) for choice in space.choices])

    def measure(architecture: Architecture) -> Told:
        width = (np.array(indices_of(space, architecture)) + 0.5) / (top + 0.5)
        bad = float(np.sum((1 - width) ** 2) + np.sum(np.diff(width) ** 2))
        dear = float(np.sum(width[:-1] * width[1:]) + width.sum())
        return Told(architecture=architecture, costs=(bad, dear))

    return measure


def troubled(space: SearchSpace) -> Measure:
    """The formula; every third candidate breaks a constraint or fails."""
    measure = formula(space)

    def measure_or_fail(architecture: Architecture) -> Told:
        told = measure(architecture)
        match sum(indices_of(space, architecture)) % 12:
            case 0:
                return Told(architecture=architecture, costs=None)
            case 4:
                return Told(architecture=architecture, costs=told.costs, violation=0.5)
            case 8:
                return Told(architecture=architecture, costs=None, violation=0.2)
        return told

    return measure_or_fail


def build(named: str, problem: Problem, *, seed: int = 0, window: int = WINDOW) -> Searcher:
    name, parameters = EVERY[named]
    if "cmaes" in named:
        problem = replace(problem, objectives=1)
    searcher = searchers.build(
        name, problem=problem, seed=seed, window=window, parameters=parameters
    )
    return FirstCost(searcher=searcher) if "cmaes" in named else searcher


def run(
    searcher: Searcher, measure: Measure, *, count: int, window: int = WINDOW
) -> tuple[list[Architecture], list[Told]]:
    """The first `count` proposals, fewer when none is left, and the outcomes of all of them."""
    proposed: list[Architecture] = []
    told: list[Told] = []
    while len(proposed) < count:
        architecture = searcher.ask(proposed, told[: max(0, len(proposed) - window)])
        if architecture is None:
            break
        proposed.append(architecture)
        told.append(measure(architecture))
    return proposed, told


@pytest.fixture(scope="module")
def undisturbed(problem: Problem) -> Undisturbed:
    """What a searcher proposes that is asked again and again, and what it was told."""

    @cache
    def found(named: str) -> tuple[list[Architecture], list[Told]]:
        return run(build(named, problem), formula(problem.space), count=length(named))

    return found


def length(named: str) -> int:
    """How many proposals show what a searcher does."""
    if "fixed" in named:
        return 25  # of 32
    return 9 if named in SLOW_SAMPLERS else 40


def test_every_registered_searcher_is_under_test() -> None:
    assert {name for name, _ in EVERY.values()} == set(searchers.SEARCHERS)


def test_proposes_only_admitted_ones_and_none_twice(
    named: str, problem: Problem, undisturbed: Undisturbed
) -> None:
    proposed, _ = undisturbed(named)
    assert len(proposed) == len(set(proposed)) == length(named)
    assert all(map(problem.admits, proposed))
    if "fixed" in named:
        assert {problem.space.describe(a)["channels.1"] for a in proposed} == {0.5}


def test_built_anew_at_any_point_it_gives_the_same_answer(named: str, problem: Problem) -> None:
    proposed, told = run(build(named, problem), troubled(problem.space), count=length(named))
    for number in range(0, len(proposed), 3 if named in SLOW_SAMPLERS else 2):
        answer = build(named, problem).ask(proposed[:number], told[: max(0, number - WINDOW)])
        assert answer == proposed[number], f"number {number}"


def test_an_answer_does_not_depend_on_what_was_asked_before(
    named: str, problem: Problem, undisturbed: Undisturbed
) -> None:
    searcher = build(named, problem)
    proposed, told = undisturbed(named)
    for number in (length(named) - 1, 5, 8, 8):  # the end, back, forth, and again
        assert searcher.ask(proposed[:number], told[: max(0, number - WINDOW)]) == proposed[number]


def test_goes_on_from_proposals_that_were_not_its_own(named: str, problem: Problem) -> None:
    foreign = [a for a in enumerate_space(problem.space) if problem.admits(a)][-10:]
    told = [formula(problem.space)(a) for a in foreign][: 10 - WINDOW]
    answer = build(named, problem).ask(foreign, told)
    assert answer is not None
    assert answer not in foreign
    assert answer == build(named, problem).ask(foreign, told)


def test_every_admitted_one_is_proposed_before_it_says_none_is_left(
    named: str, space: SearchSpace
) -> None:
    few = {a for a in enumerate_space(space) if sum(indices_of(space, a)) < 3}
    problem = Problem(space=space, objectives=2, admits=few.__contains__)
    if named in SLOW_SAMPLERS:
        few = set(sorted(few, key=str)[:8])
        problem = Problem(space=space, objectives=2, admits=few.__contains__)
    if "fixed" in named:
        few = {a for a in few if space.describe(a)["channels.1"] == 0.5}
    proposed, _ = run(build(named, problem), formula(space), count=1000)
    assert few
    assert set(proposed) == few


def test_a_history_of_nothing_but_failures_is_no_obstacle(named: str, problem: Problem) -> None:
    def fail(architecture: Architecture) -> Told:
        return Told(architecture=architecture, costs=None)

    proposed, _ = run(build(named, problem), fail, count=20)
    assert len(set(proposed)) == 20


def test_another_seed_gives_another_sequence(named: str, problem: Problem) -> None:
    if named == "exhaustive":
        return
    measure = formula(problem.space)
    one, _ = run(build(named, problem, seed=1), measure, count=8)
    two, _ = run(build(named, problem, seed=2), measure, count=8)
    assert one != two


def test_what_it_was_told_changes_what_it_proposes(
    named: str, problem: Problem, undisturbed: Undisturbed
) -> None:
    if named in UNTAUGHT:
        return

    def opposite(architecture: Architecture) -> Told:
        told = formula(problem.space)(architecture)
        assert told.costs is not None
        return Told(architecture=architecture, costs=tuple(-cost for cost in told.costs))

    one, _ = undisturbed(named)
    two, _ = run(build(named, problem), opposite, count=length(named))
    assert one[:4] == two[:4]
    assert one != two


def test_exhaustive_goes_in_lexicographic_order(problem: Problem) -> None:
    proposed, _ = run(build("exhaustive", problem), formula(problem.space), count=1000)
    assert proposed == [a for a in enumerate_space(problem.space) if problem.admits(a)]


@pytest.mark.parametrize(
    ("name", "parameters", "count"),
    [
        ("nsga2", {}, 300),
        ("evolution", {"population_size": 20}, 200),
    ],
)
def test_finds_a_larger_hypervolume_than_random_search(
    name: str, parameters: Mapping[str, Any], count: int
) -> None:
    space = spaces.build("anycost", {"resolution": 32, "channel_multiplier": 0.0625})
    problem = Problem(space=space, objectives=2, admits=lambda a: True)
    reference = np.array([10.0, 16.0])  # near the worst of each cost

    def reached(name: str, parameters: Mapping[str, Any], seed: int) -> float:
        searcher = searchers.build(
            name, problem=problem, seed=seed, window=WINDOW, parameters=parameters
        )
        _, told = run(searcher, formula(space), count=count)
        return pareto.hypervolume(np.array([t.costs for t in told]), reference)

    ours = median(reached(name, parameters, seed) for seed in range(3))
    assert ours > max(reached("random", {}, seed) for seed in range(3))


def test_feasible_ones_survive_first_then_the_least_violating_then_failures(
    problem: Problem,
) -> None:
    admitted = [a for a in enumerate_space(problem.space) if problem.admits(a)]
    outcomes = {0: (None, 0.0), 1: ((0.0, 0.0), 0.9), 2: ((5.0, 5.0), 0.0), 3: ((9.0, 9.0), 0.1)}
    told = [
        Told(architecture=admitted[i], costs=costs, violation=violation)
        for i, (costs, violation) in outcomes.items()
    ]
    assert best_first(told, 4) == [told[2], told[3], told[1], told[0]]


@pytest.mark.parametrize(
    ("name", "parameters", "error", "pointer"),
    [
        ("annealing", {}, UnknownName, "/searcher/name"),
        ("nsga2", {"size": 3}, UnknownName, "/searcher/parameters/size"),
        ("nsga2", {"population_size": "9"}, InvalidInput, "/searcher/parameters/population_size"),
        ("nsga2", {"population_size": True}, InvalidInput, "/searcher/parameters/population_size"),
        ("nsga2", {"population_size": 1}, InvalidInput, "/searcher/parameters/population_size"),
        (
            "evolution",
            {"parent_ratio": float("nan")},
            InvalidInput,
            "/searcher/parameters/parent_ratio",
        ),
        ("random", {"x": 1}, UnknownName, "/searcher/parameters/x"),
        ("optuna", {"sampler": "Best"}, InvalidInput, "/searcher/parameters/sampler"),
        ("optuna", {"options": []}, InvalidInput, "/searcher/parameters/options"),
        ("optuna", {"options": {"a": 1}}, UnknownName, "/searcher/parameters/options/a"),
        (
            "optuna",
            {"options": {"multivariate": "yes"}},
            InvalidInput,
            "/searcher/parameters/options/multivariate",
        ),
        (
            "optuna",
            {"sampler": "NSGAIISampler", "options": {"population_size": 1}},
            InvalidInput,
            "/searcher/parameters/options",
        ),
    ],
)
def test_a_wrong_word_is_refused_where_it_stands(
    name: str, parameters: Mapping[str, Any], error: type[InvalidInput], pointer: str
) -> None:
    with pytest.raises(error) as refusal:
        searchers.check(name, parameters)
    assert refusal.value.pointer == pointer
    assert "\n" not in refusal.value.detail


def test_the_schema_states_defaults_and_bounds() -> None:
    population = searchers.schema("nsga2")["properties"]["population_size"]
    assert population == {"type": "integer", "minimum": 2, "default": 20}
    assert "TPESampler" in searchers.schema("optuna")["properties"]["sampler"]["enum"]
    for name in searchers.SEARCHERS:
        assert searchers.schema(name)["additionalProperties"] is False


def test_a_sampler_that_has_converged_is_followed_to_its_neighbourhood() -> None:
    """It may not repeat itself; what takes its place is better than chance."""
    space = spaces.build("anycost", {"resolution": 32, "channel_multiplier": 0.0625})
    problem = Problem(space=space, objectives=1, admits=lambda architecture: True)
    measure = formula(space)

    def last_costs(name: str, parameters: Mapping[str, Any]) -> float:
        searcher = searchers.build(
            name, problem=problem, seed=0, window=WINDOW, parameters=parameters
        )
        _, told = run(FirstCost(searcher=searcher), measure, count=120)
        return float(np.mean([t.costs[0] for t in told[-40:] if t.costs]))

    assert last_costs("optuna", {"sampler": "TPESampler"}) < 0.7 * last_costs("random", {})


def test_importing_the_searchers_loads_neither_torch_nor_optuna() -> None:
    code = (
        "import sys, search_service.searchers as s; s.check('nsga2', {});"
        "assert not {'torch', 'optuna', 'scipy'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
