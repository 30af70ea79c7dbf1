"""What is written for evaluations that are recorded together, whichever way they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from search_service.domain.evaluation import EvaluationState, Finished
from search_service.domain.job import Job
from search_service.storage import changes
from search_service.storage.sql import rows
from search_service.storage.sql.judged import tail_row


@dataclass(frozen=True)
class Batch:
    """Evaluations of one job that are new to it, in order, and what the job became by each."""

    finished: Sequence[Finished]  # at least one
    jobs: Sequence[Job]
    told: Sequence[changes.Told]

    @classmethod
    def of(cls, job: Job, finished: Sequence[Finished]) -> "Batch":
        """After the job as it is before the first."""
        jobs: list[Job] = []
        told: list[changes.Told] = []
        for each in finished:
            change = changes.recorded(job, each)
            job = change.job
            jobs.append(job)
            told += change.told
        return cls(finished, jobs, told)

    @property
    def job(self) -> Job:
        """As it is after the last."""
        return self.jobs[-1]

    @property
    def change(self) -> changes.Change:
        """All of it as one."""
        return changes.Change(job=self.job, told=tuple(self.told))

    @property
    def front(self) -> frozenset[str] | None:
        """The last that was given; None: it is as before."""
        fronts = [each.front for each in self.finished if each.front is not None]
        return frozenset(fronts[-1]) if fronts else None

    def named_before(self) -> set[str]:
        """Who is on one of the fronts and must have been recorded earlier."""
        named: set[str] = set()
        here: set[str] = set()
        for each in self.finished:
            here.add(each.evaluation.id)
            named.update(set(each.front or ()) - here)
        return named

    def evaluation_rows(self) -> list[dict[str, Any]]:
        """Of the table `evaluations`."""
        front = self.front or frozenset()
        return [
            rows.evaluation_row(each.evaluation)
            | {
                "on_front": each.evaluation.id in front,
                "recorded": job.evaluations,
                "front_size": job.front_size,
                "hypervolume": job.hypervolume,
            }
            for each, job in zip(self.finished, self.jobs, strict=True)
        ]

    def order_rows(self) -> list[dict[str, Any]]:
        """Of the table `evaluation_order`."""
        return [
            row
            for evaluation in (each.evaluation for each in self.finished)
            for row in rows.order_rows(evaluation.job, evaluation.number, evaluation.best_values)
        ]

    def tail_rows(self) -> list[dict[str, Any]]:
        """Of the table `judged_tail`."""
        ended = (each.evaluation for each in self.finished)
        return [tail_row(e) for e in ended if e.state is EvaluationState.MEASURED]
