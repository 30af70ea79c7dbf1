"""A candidate whose measurements are under way, and the evaluation that it becomes."""

from dataclasses import dataclass
from datetime import UTC, datetime

from search_service.domain.evaluation import Evaluation, EvaluationState
from search_service.domain.ids import new_id
from search_service.domain.job import Job
from search_service.domain.measurement import Measurement, MeasurementRequest
from search_service.domain.space import Architecture
from search_service.search.candidate import Course, Verdict
from search_service.search.plan import Plan


@dataclass
class Flight:
    """Number, architecture and way of a candidate, and what it has cost so far."""

    number: int
    architecture: Architecture
    course: Course
    seconds: float = 0.0
    measured: bool = False  # at least one measurement was made, not read
    images_artifact: str | None = None

    def go_on(
        self, answer: Measurement | str | None, *, plan: Plan
    ) -> MeasurementRequest | Verdict:
        """With what it waited for (None at its start), or the one line that says why there is none:
        what it wants next, or how it ended."""
        if isinstance(answer, str):
            values = plan.closed_form(self.architecture)
            return Verdict(state=EvaluationState.FAILED, values=values, reason=answer)
        if answer is not None:
            self.seconds += answer.seconds
            self.measured = self.measured or answer.seconds > 0
            self.images_artifact = answer.details.get("images_artifact", self.images_artifact)
        try:
            # A generator takes None at its start, and a measurement ever after.
            return self.course.send(answer)  # type: ignore[arg-type]
        except StopIteration as end:
            verdict: Verdict = end.value
            return verdict

    def landed(self, verdict: Verdict, *, job: Job, plan: Plan) -> Evaluation:
        """What it became, now."""
        return Evaluation(
            id=new_id("evl"),
            job=job.id,
            supernet=plan.supernet.id,
            number=self.number,
            architecture=str(self.architecture),
            options=plan.space.describe(self.architecture),
            state=verdict.state,
            rung=verdict.rung,
            values=verdict.values,
            reason=verdict.reason,
            samples_artifact=self.images_artifact,
            seconds=self.seconds,
            cached=not self.measured and verdict.state is not EvaluationState.FAILED,
            created_at=datetime.now(UTC),
        )
