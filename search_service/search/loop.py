"""The loop of a search: keep a window of candidates in flight, record each as it finishes."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from search_service import telemetry
from search_service.artifacts import Artifacts
from search_service.domain.evaluation import Evaluation, EvaluationState, Finished, Value
from search_service.domain.job import Claim, Ended, JobState
from search_service.domain.measurement import Measurement
from search_service.domain.space import Architecture
from search_service.pools import Pool
from search_service.search import candidate, final, history
from search_service.search.candidate import Verdict
from search_service.search.flight import Flight
from search_service.search.ladder import contends
from search_service.search.measuring import Measuring
from search_service.search.plan import Plan
from search_service.search.progress import Progress
from search_service.search.standing import Standing
from search_service.search.stopwatch import Stopwatch
from search_service.searchers.base import Searcher
from search_service.searchers.proposed import Proposed
from search_service.storage.base import Storage

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.5  # how long the loop waits for the pool before it looks at `check` again
RECORDED_AT_ONCE = 64  # evaluations, at most


@dataclass(kw_only=True)
class Search:
    """One claimed search. `check` is called at every turn and raises to stop it (LostClaim when
    the claim has ended, or the owner's own signal); what is recorded by then is kept. After `run`
    `drain` may be called, and `close` must be."""

    claim: Claim
    plan: Plan
    searcher: Searcher
    first: list[Architecture]  # proposed before the searcher is asked (warm start)
    storage: Storage
    pool: Pool
    artifacts: Artifacts
    check: Callable[[], None]
    _proposed: Proposed = field(default_factory=Proposed)
    _flights: dict[int, Flight] = field(default_factory=dict)
    _finished: list[Finished] = field(default_factory=list)  # that are not recorded yet
    _last_recorded: int = -1  # number, by earlier claims
    _reason: str = ""  # why nothing more is proposed, once that is so

    def __post_init__(self) -> None:
        self._measuring = Measuring(
            claim=self.claim, storage=self.storage, pool=self.pool, artifacts=self.artifacts
        )
        self._standing = Standing(
            objectives=self.plan.objectives,
            top_rung=len(self.plan.rungs) - 1,
            constraints=self.plan.spec.constraints,
        )
        self._stopwatch = Stopwatch(self.claim, storage=self.storage)
        self._progress = Progress(
            claim=self.claim, plan=self.plan, storage=self.storage, stopwatch=self._stopwatch
        )

    def run(self) -> Ended:
        """Search until the budget, patience or the space is exhausted, then re-measure the front.

        Raises what `check` raises, and LostClaim from any write.
        """
        recorded = history.recorded(self.claim.job, plan=self.plan, storage=self.storage)
        self._last_recorded = max(recorded, default=-1)
        while self._turn(recorded):
            self.check()
        return self._conclude()

    def drain(self, seconds: float) -> None:
        """After `run` was stopped: begin nothing more, and keep what the pool has in hand if it
        comes within so many seconds. Raises LostClaim."""
        self._measuring.withdraw()
        deadline = time.monotonic() + seconds
        while self._measuring.being_made and (left := deadline - time.monotonic()) > 0:
            for number, answer in self._measuring.receive(min(left, POLL_SECONDS)):
                if flight := self._flights.get(number):  # none: of the front's re-measurement
                    self._advance(flight, answer)
            self._record()

    def close(self) -> None:
        """Expect nothing more; to be called at the end, whatever it was."""
        self._measuring.abandon()
        telemetry.set_hypervolume(self.claim.job.id, None)

    def _turn(self, recorded: dict[int, history.Recorded]) -> bool:
        """Propose what the window allows, record what has finished; False when all is done."""
        while (
            not self._reason
            and self._window_is_open()
            and len(self._finished) < RECORDED_AT_ONCE  # such as need no measurement
        ):
            self._propose(recorded)
        if not self._finished:
            if not self._flights:
                return not self._reason
            for number, answer in self._measuring.receive(POLL_SECONDS):
                self._advance(self._flights[number], answer)
        self._record()
        self._progress.tell(self._standing, in_flight=len(self._flights))
        return True

    def _window_is_open(self) -> bool:
        return len(self._standing.told) >= self._prefix(len(self._proposed))

    def _prefix(self, number: int) -> int:
        """How many outcomes candidate `number` may be proposed and judged from."""
        return max(0, number - self.plan.spec.parallelism)

    def _propose(self, recorded: dict[int, history.Recorded]) -> None:
        number = len(self._proposed)
        self._reason = self._stop_reason(number)
        if self._reason:
            return
        past = recorded.get(number)
        architecture = past.architecture if past else self._next(number)
        if architecture is None:
            self._reason = "exhausted"
            return
        self._proposed.append(architecture)
        if past:
            self._enter(past.evaluation, past.rung_values, architecture)
            return
        course = candidate.course(
            architecture, plan=self.plan, contends=self._contends(self._prefix(number))
        )
        self._flights[number] = flight = Flight(number, architecture, course)
        self._advance(flight, None)

    def _next(self, number: int) -> Architecture | None:
        if number < len(self.first):
            return self.first[number]
        return self.searcher.ask(self._proposed, self._standing.told[: self._prefix(number)])

    def _stop_reason(self, number: int) -> str:
        budget = self.plan.spec.budget
        if number >= budget.evaluations:
            return "budget"
        wall = budget.wall_seconds
        # What an earlier claim recorded was proposed in time, and so was all before it.
        if wall is not None and number > self._last_recorded and self._stopwatch.total() >= wall:
            return "budget"
        patience = budget.patience
        if patience is not None and self._standing.stalled(
            self._prefix(number), evaluations=patience.evaluations, min_gain=patience.min_gain
        ):
            return "converged"
        return ""

    def _contends(self, prefix: int) -> candidate.Contends:
        def judge(rung: int, values: Mapping[str, Value]) -> bool:
            rivals = self._standing.rivals(prefix, rung)
            return contends(values, rivals, self.plan.objectives)

        return judge

    def _advance(self, flight: Flight, answer: Measurement | str | None) -> None:
        """Send a candidate what it waited for; ask for what it wants next, or keep how it ended."""
        wanted = flight.go_on(answer, plan=self.plan)
        if isinstance(wanted, Verdict):
            self._finish(flight, wanted)
        else:
            self._measuring.ask(flight.number, wanted)

    def _finish(self, flight: Flight, verdict: Verdict) -> None:
        del self._flights[flight.number]
        evaluation = flight.landed(verdict, job=self.claim.job, plan=self.plan)
        before = self._standing.front()
        self._enter(evaluation, verdict.rung_values, flight.architecture)
        front = self._standing.front()
        self._finished.append(
            Finished(
                evaluation=evaluation,
                front=None if front is before else [e.id for e in front],
                hypervolume=self._standing.front_hypervolume(),
                reference_point=self._standing.reference_point,
            )
        )

    def _record(self) -> None:
        """Those that have finished since the last time, in one transaction."""
        finished, self._finished = self._finished, []
        if not finished:
            return
        self.storage.evaluations.record(self.claim, finished)
        for each in finished:
            telemetry.count_evaluation(each.evaluation)
        if (hypervolume := finished[-1].hypervolume) is not None:
            telemetry.set_hypervolume(self.claim.job.id, hypervolume)

    def _enter(
        self,
        evaluation: Evaluation,
        rung_values: list[dict[str, Value]],
        architecture: Architecture,
    ) -> None:
        self._standing.add(
            evaluation,
            rung_values,
            architecture=architecture,
            violation=self.plan.violation(evaluation.values),
        )

    def _conclude(self) -> Ended:
        """Re-measure the front and those within noise of it; store the front that makes."""
        if not any(
            e.state is not EvaluationState.FAILED for e in self._standing.evaluations.values()
        ):
            reasons = [e.reason for e in self._standing.evaluations.values()]
            why = reasons[-1] if reasons else "nothing was proposed"
            return Ended(state=JobState.FAILED, reason=f"no candidate could be measured: {why}")
        self._standing.fix_reference_point()
        started = time.monotonic()
        final_values = final.remeasure(
            self._standing,
            plan=self.plan,
            measuring=self._measuring,
            tell=lambda done, total: self._progress.tell_final(self._standing, done, total),
            check=self.check,
        )
        members, hypervolume = final.front(self._standing, final_values)
        self.storage.evaluations.record_final(
            self.claim, final_values, front=[e.id for e in members], hypervolume=hypervolume
        )
        logger.info(
            "front re-measured",
            extra={
                "job": self.claim.job.id,
                "front_size": len(members),
                "seconds": round(time.monotonic() - started, 1),
            },
        )
        return Ended(state=JobState.SUCCEEDED, reason=self._reason)
