"""An in-memory Optuna study that holds a search's history, and samplers made for one number."""

from collections.abc import Mapping, Sequence

import numpy as np
import optuna
from optuna.samplers import BaseGASampler, BaseSampler, CmaEsSampler, RandomSampler
from optuna.study import StudyDirection
from optuna.trial import Trial, TrialState

from search_service.domain.space import Architecture, Choice
from search_service.searchers.base import Told
from search_service.searchers.optuna.samplers import Chosen, distributions, make_sampler


class ReplayedStudy:
    """State after some numbers, whichever sampler calls were made on the way.

    A new sampler, seeded by the number, does all the work of that number, so what a study holds
    depends on what was entered and told, and nothing else.
    """

    def __init__(
        self,
        chosen: Chosen,
        *,
        fixed: Mapping[str, int],
        categorical: bool,
        choices: Sequence[Choice],
        objectives: int,
        seed: int,
        constrained: bool,
    ) -> None:
        self.constrained = constrained  # whether trials carry their violation
        # CMA-ES knows no constraints: who breaks one has failed, and is not learnt from.
        self._plain = chosen.sampler == "CmaEsSampler"
        self.proposed: list[Architecture] = []
        self._chosen = chosen
        self._fixed = fixed
        self._seed = seed
        self._told: list[Told] = []
        self._running: list[Trial] = []  # those not told, oldest first
        self._distributions = distributions(choices, categorical=categorical)
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._directions = [StudyDirection.MINIMIZE] * objectives
        self._study = optuna.create_study(
            directions=self._directions, sampler=RandomSampler(seed=0)
        )

    def begins(self, proposed: Sequence[Architecture], told: Sequence[Told]) -> bool:
        """Whether what the study holds is the beginning of this history."""
        return (
            list(proposed[: len(self.proposed)]) == self.proposed
            and list(told[: len(self._told)]) == self._told
        )

    def tell(self, told: Sequence[Told]) -> None:
        """Finish the trials of `told`, a history that continues what was told before."""
        for outcome in told[len(self._told) :]:
            trial = self._running.pop(0)
            if outcome.costs is None or (self._plain and outcome.violation):
                self._study.tell(trial, state=TrialState.FAIL)
            else:
                if self.constrained and not self._plain:
                    trial.set_constraint("violation", outcome.violation)
                self._study.tell(trial, list(outcome.costs))
            self._told.append(outcome)

    def enter(self, architecture: Architecture, *, indices: Sequence[int]) -> None:
        """Number `len(proposed)` is this architecture; it runs from now on."""
        sampler = self._plain_sampler()
        if isinstance(sampler, CmaEsSampler):
            self._study.sampler = self._fresh_sampler(0)
        self._study.enqueue_trial(dict(zip(self._distributions, indices, strict=True)))
        trial = self._study.ask(self._distributions)
        self._running.append(trial)
        frozen = self._study.get_trials(deepcopy=False)[trial.number]
        # Otherwise these would pass over trials that they were given, as if they had not been.
        if isinstance(sampler, CmaEsSampler):
            space = self._study.sampler.infer_relative_search_space(self._study, frozen)
            self._study.sampler.sample_relative(self._study, frozen, space)
        if isinstance(sampler, BaseGASampler):
            generation = sampler.get_trial_generation(self._study, frozen)
            sampler.get_parent_population(self._study, generation)
        self.proposed.append(architecture)

    def sample(self, attempt: int) -> list[int]:
        """Option indices that the sampler would take for the next number; nothing is entered."""
        sampler = self._plain_sampler()
        if isinstance(sampler, CmaEsSampler):
            return self._draw(attempt, self._copy())
        if isinstance(sampler, BaseGASampler):
            # The first draw of a generation sees the parents in another order than later draws do.
            self._draw(attempt, self._study)
        return self._draw(attempt, self._study)

    def _draw(self, attempt: int, study: optuna.Study) -> list[int]:
        study.sampler = self._fresh_sampler(attempt)
        trial = study.ask(self._distributions)
        study.tell(trial, state=TrialState.FAIL)
        return [int(trial.params[name]) for name in self._distributions]

    def _copy(self) -> optuna.Study:
        """For CMA-ES, whose draw depends on how many trials there are, drawn ones among them."""
        copied = optuna.create_study(directions=self._directions)
        copied.add_trials(self._study.get_trials(deepcopy=False))
        return copied

    def _fresh_sampler(self, attempt: int) -> BaseSampler:
        return make_sampler(self._chosen, seed=self._state(attempt), fixed=self._fixed)

    def _plain_sampler(self) -> BaseSampler:
        """The same as if nothing were fixed."""
        return make_sampler(self._chosen, seed=self._state(0))

    def _state(self, attempt: int) -> int:
        rng = np.random.default_rng([self._seed, len(self.proposed), attempt])
        return int(rng.integers(2**31))
