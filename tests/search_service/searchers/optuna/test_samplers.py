"""Which of Optuna's samplers are taken, and what is refused with a way out."""

import inspect
import sys
from collections.abc import Mapping
from typing import Any

import optuna
import pytest

from search_service import searchers, spaces
from search_service.errors import InvalidInput, UnknownName
from search_service.searchers.base import Problem
from search_service.searchers.optuna.names import SAMPLERS

OPTIONS = "/searcher/parameters/options"


def problem(*, resolution: int = 8, objectives: int = 2) -> Problem:
    space = spaces.build("anycost", {"resolution": resolution, "channel_multiplier": 0.0625})
    return Problem(space=space, objectives=objectives, admits=lambda architecture: True)


def refused(parameters: Mapping[str, Any], asked: Problem | None = None) -> InvalidInput:
    with pytest.raises(InvalidInput) as refusal:
        searchers.check("optuna", parameters, problem=asked)
    assert "\n" not in refusal.value.detail
    return refusal.value


def test_every_sampler_of_optuna_is_known_by_its_name() -> None:
    samplers = {
        name
        for name, thing in inspect.getmembers(optuna.samplers, inspect.isclass)
        if issubclass(thing, optuna.samplers.BaseSampler) and not name.startswith("Base")
    }
    assert set(SAMPLERS) == samplers


def test_what_is_missing_is_said_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cmaes", None)
    refusal = refused({"sampler": "CmaEsSampler"})
    assert "pip install cmaes" in refusal.detail
    assert refusal.pointer == "/searcher/parameters/sampler"


def test_cma_es_is_for_one_objective_and_ordered_options() -> None:
    refusal = refused({"sampler": "CmaEsSampler"}, problem(objectives=2))
    assert "NSGAIISampler" in refusal.detail
    searchers.check("optuna", {"sampler": "CmaEsSampler"}, problem=problem(objectives=1))
    refusal = refused({"sampler": "CmaEsSampler", "encoding": "categorical"})
    assert refusal.pointer == "/searcher/parameters/encoding"
    refusal = refused({"sampler": "CmaEsSampler", "options": {"with_margin": True}})
    assert refusal.pointer == f"{OPTIONS}/with_margin"


@pytest.mark.parametrize(
    ("sampler", "options"),
    [
        ("TPESampler", {"n_ei_candidates": 0}),
        ("TPESampler", {"prior_weight": 0.0}),
        ("TPESampler", {"prior_weight": float("nan")}),
        ("TPESampler", {"prior_weight": float("inf")}),
        ("NSGAIIISampler", {"dividing_parameter": 0}),
        ("CmaEsSampler", {"popsize": 3}),
        ("CmaEsSampler", {"sigma0": -1.0}),
    ],
)
def test_what_would_fail_in_the_middle_of_a_search_is_refused_at_its_start(
    sampler: str, options: Mapping[str, Any]
) -> None:
    refusal = refused({"sampler": sampler, "options": options})
    assert refusal.pointer == f"{OPTIONS}/{next(iter(options))}"


def test_a_grid_that_does_not_fit_into_memory_is_refused() -> None:
    large = problem(resolution=32)
    refusal = refused({"sampler": "GridSampler"}, large)
    assert "QMCSampler" in refusal.detail
    assert refusal.pointer == "/searcher/parameters/sampler"
    searchers.check("optuna", {"sampler": "GridSampler"}, problem=problem())
    half = {"fixed_params": {"channels.7": 1.0}, "base_sampler": "GridSampler"}
    searchers.check("optuna", {"sampler": "PartialFixedSampler", "options": half}, problem=large)


@pytest.mark.parametrize(
    ("options", "error", "place"),
    [
        ({}, InvalidInput, "/fixed_params"),
        ({"fixed_params": {}}, InvalidInput, "/fixed_params"),
        ({"fixed_params": [1]}, InvalidInput, "/fixed_params"),
        ({"fixed_params": {"channels.0": "wide"}}, InvalidInput, "/fixed_params/channels.0"),
        ({"fixed_params": {"channels.0": 0.3}}, InvalidInput, "/fixed_params/channels.0"),
        ({"fixed_params": {"depth": 1}}, UnknownName, "/fixed_params/depth"),
        ({"fixed_params": {"resolution": 8}, "x": 1}, UnknownName, "/x"),
        (
            {"fixed_params": {"resolution": 8}, "base_sampler": "Best"},
            InvalidInput,
            "/base_sampler",
        ),
        (
            {"fixed_params": {"resolution": 8}, "base_sampler": "PartialFixedSampler"},
            InvalidInput,
            "/base_sampler",
        ),
        ({"fixed_params": {"resolution": 8}, "base_options": 3}, InvalidInput, "/base_options"),
        (
            {"fixed_params": {"resolution": 8}, "base_options": {"gama": 3}},
            UnknownName,
            "/base_options/gama",
        ),
    ],
)
def test_what_is_wrong_with_something_fixed_is_pointed_at(
    options: Mapping[str, Any], error: type[InvalidInput], place: str
) -> None:
    refusal = refused({"sampler": "PartialFixedSampler", "options": options}, problem())
    assert type(refusal) is error
    assert refusal.pointer == f"{OPTIONS}{place}"
