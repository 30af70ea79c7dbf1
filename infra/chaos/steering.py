"""A user who cancels, pauses, resumes and tries again while all of it rages."""

import logging
import random
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import httpx

from search_service.domain.job import JobState, JobStep

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
ANSWER_SECONDS = 5.0  # then another replica is asked
PAUSED_SHARE = 0.5  # of the jobs that are not to be cancelled
PAUSES = 2  # of each of these, at most
LATE_SECONDS = 60.0  # in which a request that was not answered in time may still be carried out

Steps = tuple[tuple[JobStep, JobState], ...]  # each with the state that it waits for


class Fate(StrEnum):
    """What a user does to a job."""

    PAUSED = "paused and resumed"
    RETRIED = "cancelled and tried again"
    CANCELLED = "cancelled"


CANCEL: Steps = ((JobStep.CANCEL, JobState.RUNNING),)
STEPS: Mapping[Fate, Steps] = {
    Fate.PAUSED: ((JobStep.PAUSE, JobState.RUNNING), (JobStep.RESUME, JobState.PAUSED)),
    Fate.RETRIED: (*CANCEL, (JobStep.RETRY, JobState.CANCELLED)),
    Fate.CANCELLED: CANCEL,
}

OUTCOMES: Mapping[JobStep, frozenset[JobState]] = {
    JobStep.CANCEL: frozenset({JobState.CANCELLED}),
    JobStep.PAUSE: frozenset({JobState.PAUSED}),
    JobStep.RESUME: frozenset({JobState.RUNNING, JobState.SUCCEEDED, JobState.FAILED}),
    JobStep.RETRY: frozenset({JobState.QUEUED, JobState.RUNNING, JobState.SUCCEEDED}),
}


@dataclass
class _Errand:
    """Steps on one job, one after another; over when all were taken, or when the job ended before
    one could be."""

    fate: Fate
    left: list[tuple[JobStep, JobState]]
    due: float | None = None  # when the next is taken; None while its state is awaited
    not_before: float = 0.0
    asked: bool = False  # for the next one, without an answer that says it was taken
    taken: list[JobStep] = field(default_factory=list)
    missed: bool = False

    @property
    def over(self) -> bool:
        return self.missed or not self.left


class Steering:
    """From a thread of its own, through whichever replica answers."""

    def __init__(
        self,
        urls: Sequence[str],
        ids: Mapping[str, str],
        doomed: Collection[str],
        *,
        seed: int,
        before_seconds: tuple[float, float],
    ) -> None:
        """`ids` of the accepted jobs by name grows meanwhile. Those that are `doomed` by name are
        cancelled for good, of the others some are paused and one is cancelled and tried again, as
        `seed` has it. A step is taken after a time within `before_seconds` in the state that it
        needs."""
        self._urls = urls
        self._ids = ids
        self._doomed = frozenset(doomed)
        self._before = before_seconds
        self._rng = random.Random(seed)
        self._errands: dict[str, _Errand] = {}
        self._client = httpx.Client(timeout=ANSWER_SECONDS, trust_env=False)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._steer, name="steering", daemon=True)

    def start(self, names: Sequence[str]) -> None:
        """Begin, with jobs of these names."""
        others = [name for name in names if name not in self._doomed]
        self._rng.shuffle(others)
        count = round(PAUSED_SHARE * len(others))
        fates = dict.fromkeys(others[:count], Fate.PAUSED)
        if len(others) > count:
            fates[others[count]] = Fate.RETRIED
        fates |= dict.fromkeys(sorted(self._doomed), Fate.CANCELLED)
        for name, fate in fates.items():
            repeats = self._rng.randint(1, PAUSES) if fate is Fate.PAUSED else 1
            self._errands[name] = _Errand(fate, [*STEPS[fate]] * repeats)
        self._thread.start()

    def close(self) -> None:
        """Steer no more."""
        self._done.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._client.close()

    @property
    def over(self) -> bool:
        """Whether nothing will be done any more."""
        return all(errand.over for errand in self._errands.values())

    def ends(self, name: str) -> int | None:
        """How often this job comes to an end, None while that is open."""
        errand = self._errands.get(name)
        if errand is None:
            return 1
        return 1 + (JobStep.RETRY in errand.taken) if errand.over else None

    @property
    def done(self) -> Mapping[str, Fate]:
        """What was done, by name: where a job ended before it could be, nothing was."""
        errands = self._errands.items()
        return {name: e.fate for name, e in errands if STEPS[e.fate][-1][0] in e.taken}

    def _steer(self) -> None:
        while not self._done.wait(LOOK_SECONDS) and not self.over:
            for name, errand in self._errands.items():
                if name in self._ids and not errand.over:
                    self._go_on(name, errand)

    def _go_on(self, name: str, errand: _Errand) -> None:
        path = f"/v1/jobs/{self._ids[name]}"
        answer = self._ask("GET", path)
        if answer is None or not answer.is_success:
            return
        state, now = JobState(answer.json()["state"]), time.monotonic()
        step, awaited = errand.left[0]
        if state is not awaited:
            errand.due = None
            if errand.asked and state in OUTCOMES[step]:
                self._took(name, errand)
            else:
                errand.missed = state.terminal
        elif errand.due is None:
            errand.due = max(now + self._rng.uniform(*self._before), errand.not_before)
        elif now >= errand.due:
            errand.asked = True
            answer = self._ask("POST", f"{path}/{step}")
            if answer is None:  # it may lie in a replica that stands still, and be taken up later
                errand.not_before = now + LATE_SECONDS
            elif answer.is_success:
                self._took(name, errand)

    def _took(self, name: str, errand: _Errand) -> None:
        step, _ = errand.left.pop(0)
        errand.taken.append(step)
        errand.asked, errand.due = False, None
        logger.info("%s: %s", name, step)

    def _ask(self, method: str, path: str) -> httpx.Response | None:
        """An answer, one made up where the connection broke; None when none came in time."""
        url = self._rng.choice(self._urls) + path  # by turns, one might get all the POSTs
        try:
            return self._client.request(method, url)
        except httpx.TimeoutException:
            return None
        except httpx.TransportError:
            return httpx.Response(httpx.codes.BAD_GATEWAY)
