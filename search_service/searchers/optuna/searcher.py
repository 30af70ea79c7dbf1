"""A searcher that asks one of Optuna's samplers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from search_service.domain.parameters import one_of
from search_service.domain.space import Architecture, architecture_at, indices_of
from search_service.errors import InvalidInput
from search_service.searchers.base import Problem, Told
from search_service.searchers.remaining import Remaining
from search_service.searchers.table import SEARCHERS, Entry

if TYPE_CHECKING:
    from search_service.searchers.optuna.study import ReplayedStudy

# Of Optuna's samplers, those for several objectives whose proposal depends on the trials alone. The
# others walk a grid or a sequence, which the exhaustive and random searchers do.
SAMPLERS = ("GPSampler", "NSGAIIISampler", "NSGAIISampler", "RandomSampler", "TPESampler")
_REDRAWS = 4  # a sampler is slow; what it repeats so often it would go on repeating


@dataclass(frozen=True, kw_only=True)
class OptunaParameters:
    """`options` are keyword arguments of the sampler's class."""

    sampler: str = one_of("TPESampler", *SAMPLERS)
    options: Mapping[str, Any] = field(default_factory=dict)
    encoding: str = one_of("ordinal", "ordinal", "categorical")  # of an option's index

    def __post_init__(self) -> None:
        from search_service.searchers.optuna.study import check_options

        check_options(self.sampler, self.options)


class OptunaSearcher:
    """Asks the sampler over a study that holds exactly the history.

    A proposal that is known or not admitted is drawn again a few times, then a random one is
    taken. Whatever was proposed is entered into the study, with running trials for what is
    pending; so the sampler also learns from architectures that it did not propose itself.
    """

    def __init__(
        self, *, problem: Problem, seed: int, window: int, parameters: OptunaParameters
    ) -> None:
        """Raises InvalidInput where the sampler needs a package that is missing."""
        if parameters.sampler == "GPSampler" and find_spec("torch") is None:
            raise InvalidInput(
                "GPSampler needs the package torch; install gansearch[workers]",
                pointer="/searcher/parameters/sampler",
            )
        self._problem = problem
        self._seed = seed
        self._window = window
        self._parameters = parameters
        self._remaining = Remaining(problem)
        self._study: ReplayedStudy | None = None

    def ask(self, proposed: Sequence[Architecture], told: Sequence[Told]) -> Architecture | None:
        """See Searcher."""
        study = self._study_of(proposed, told)
        taken = set(proposed)
        for attempt in range(_REDRAWS):
            architecture = architecture_at(self._problem.space, study.sample(attempt))
            if architecture not in taken and self._problem.admits(architecture):
                return architecture
        rng = np.random.default_rng([self._seed, len(proposed)])
        return self._remaining.random(rng, taken)

    def _study_of(self, proposed: Sequence[Architecture], told: Sequence[Told]) -> "ReplayedStudy":
        """A study with this history: the last one where it holds the beginning of it."""
        from search_service.searchers.optuna.study import ReplayedStudy

        constrained = any(t.violation for t in told)
        study = self._study
        if study is None or study.constrained != constrained or not study.begins(proposed, told):
            space = self._problem.space
            study = ReplayedStudy(
                sampler=self._parameters.sampler,
                options=self._parameters.options,
                categorical=self._parameters.encoding == "categorical",
                choices=space.choices,
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


SEARCHERS.register("optuna")(Entry(searcher=OptunaSearcher, parameters=OptunaParameters))
