"""A searcher that asks one of Optuna's samplers."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from search_service.domain.parameters import one_of
from search_service.domain.space import Architecture, architecture_at, indices_of
from search_service.errors import InvalidInput
from search_service.searchers.base import Problem, Told
from search_service.searchers.optuna.names import SAMPLERS
from search_service.searchers.proposed import quick_to_look_in
from search_service.searchers.remaining import Remaining
from search_service.searchers.table import SEARCHERS, Entry
from search_service.searchers.variation import ordinal_mutation

if TYPE_CHECKING:
    from search_service.searchers.optuna.samplers import Chosen
    from search_service.searchers.optuna.study import ReplayedStudy
    from search_service.searchers.optuna.walk import Walk

_REDRAWS = 4  # a sampler is slow; what it repeats so often it would go on repeating


@dataclass(frozen=True, kw_only=True)
class OptunaParameters:
    """`options` are keyword arguments of the sampler's class; those of PartialFixedSampler are
    `fixed_params` (option by choice), `base_sampler` (a name) and `base_options`."""

    sampler: str = one_of("TPESampler", *SAMPLERS)
    options: Mapping[str, Any] = field(default_factory=dict)
    encoding: str = one_of("ordinal", "ordinal", "categorical")  # of an option's index

    def __post_init__(self) -> None:
        if self.chosen.sampler == "CmaEsSampler" and self.encoding == "categorical":
            raise InvalidInput(
                "CmaEsSampler has no categories; leave out the encoding",
                pointer="/searcher/parameters/encoding",
            )

    @property
    def chosen(self) -> "Chosen":
        """The sampler that they name; raises InvalidInput where they are wrong."""
        from search_service.searchers.optuna.samplers import choose

        return choose(self.sampler, self.options)


def check_problem(problem: Problem, parameters: OptunaParameters) -> None:
    """Raises InvalidInput for a problem that the sampler cannot search."""
    from search_service.searchers.optuna import samplers

    samplers.check_problem(parameters.chosen, problem)


class OptunaSearcher:
    """Asks the sampler over a study that holds exactly the history.

    A proposal that is known or not admitted is drawn again a few times, then a neighbour of it is
    taken: a sampler that has converged is heard, though it may not repeat itself. Whatever was
    proposed is entered into the study, with running trials for what is pending; so the sampler also
    learns from architectures that it did not propose itself.

    A sampler that walks is asked for its points in order, and the first that is new is taken.
    """

    def __init__(
        self, *, problem: Problem, seed: int, window: int, parameters: OptunaParameters
    ) -> None:
        """Raises InvalidInput where the sampler needs a package that is missing."""
        from search_service.searchers.optuna.samplers import fixed_indices

        self._chosen = parameters.chosen
        if self._chosen.sampler == "GPSampler" and find_spec("torch") is None:
            raise InvalidInput(
                "GPSampler needs the package torch; install gansearch[workers]",
                pointer="/searcher/parameters/sampler",
            )
        self._problem = problem
        self._seed = seed
        self._window = window
        self._categorical = parameters.encoding == "categorical"
        self._fixed = fixed_indices(self._chosen, problem.space.choices)
        places = [choice.name for choice in problem.space.choices]
        self._remaining = Remaining(
            problem, fixed={places.index(name): index for name, index in self._fixed.items()}
        )
        self._study: ReplayedStudy | None = None
        self._walk: Walk | None = None

    def ask(self, proposed: Sequence[Architecture], told: Sequence[Told]) -> Architecture | None:
        """See Searcher."""
        rng = np.random.default_rng([self._seed, len(proposed)])
        taken = quick_to_look_in(proposed)
        if self._chosen.walks:
            return self._next(taken) or self._remaining.random(rng, taken)
        study = self._study_of(proposed, told)
        for attempt in range(_REDRAWS):
            drawn = study.sample(attempt)
            architecture = architecture_at(self._problem.space, drawn)
            if architecture not in taken and self._problem.admits(architecture):
                return architecture
        return self._remaining.redraw(self._neighbours(drawn, rng), rng, taken)

    def _next(self, taken: Collection[Architecture]) -> Architecture | None:
        from search_service.searchers.optuna.walk import Walk

        if self._walk is None:
            self._walk = Walk(self._chosen, problem=self._problem, seed=self._seed)
        return self._walk.next(taken)

    def _neighbours(
        self, indices: Sequence[int], rng: np.random.Generator
    ) -> Callable[[], Architecture]:
        """Ever further from these options, a step at a time; what is fixed stays."""
        space = self._problem.space
        counts = [len(choice.options) for choice in space.choices]
        fixed = self._remaining.fixed
        at = tuple(indices)

        def step() -> Architecture:
            nonlocal at
            moved = ordinal_mutation(at, counts, 1 / len(counts), rng)
            at = tuple(fixed.get(place, index) for place, index in enumerate(moved))
            return architecture_at(space, at)

        return step

    def _study_of(self, proposed: Sequence[Architecture], told: Sequence[Told]) -> "ReplayedStudy":
        """A study with this history: the last one where it holds the beginning of it."""
        from search_service.searchers.optuna.study import ReplayedStudy

        constrained = any(t.violation for t in told)
        study = self._study
        if study is None or study.constrained != constrained or not study.begins(proposed, told):
            study = ReplayedStudy(
                self._chosen,
                fixed=self._fixed,
                categorical=self._categorical,
                choices=self._problem.space.choices,
                objectives=self._problem.objectives,
                seed=self._seed,
                constrained=constrained,
            )
            self._study = study
        for number in range(len(study.proposed), len(proposed)):
            study.tell(told[: max(0, number - self._window)])
            study.enter(proposed[number], indices=indices_of(self._problem.space, proposed[number]))
        study.tell(told)
        return study


SEARCHERS.register("optuna")(
    Entry(searcher=OptunaSearcher, parameters=OptunaParameters, check_problem=check_problem)
)
