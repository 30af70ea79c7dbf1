"""What a job has recorded already: its evaluations, with the values of every rung."""

from dataclasses import dataclass

from search_service.domain.evaluation import Evaluation, Value
from search_service.domain.job import Job
from search_service.domain.space import Architecture
from search_service.search.plan import Plan
from search_service.storage.base import Storage


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A recorded evaluation; its rung values are read from the stored measurements."""

    architecture: Architecture
    evaluation: Evaluation
    rung_values: list[dict[str, Value]]


def recorded(job: Job, *, plan: Plan, storage: Storage) -> dict[int, Recorded]:
    """By number. The search-time measurements that an evaluation was made of are all stored."""
    evaluations = storage.evaluations.of_job(job.id)
    requests = {
        (e.number, rung): plan.judgements(e.architecture, samples)
        for e in evaluations
        for rung, samples in enumerate(plan.rungs[: e.rung + 1])
    }
    found = storage.measurements.find(r.key for asked in requests.values() for r in asked)
    return {
        e.number: Recorded(
            architecture=plan.space.parse(e.architecture),
            evaluation=e,
            rung_values=[
                {
                    **e.values,
                    **{
                        request.protocol.objective: Value.of(found[request.key])
                        for request in requests[e.number, rung]
                    },
                }
                for rung in range(e.rung + 1)
            ],
        )
        for e in evaluations
    }
