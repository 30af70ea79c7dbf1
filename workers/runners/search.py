"""A search job: its spec becomes a plan, a searcher and a first few architectures; then it runs."""

from contextlib import closing

from search_service import catalog, searchers
from search_service.domain.job import Claim, Ended, JobState
from search_service.domain.objective import Source, objective
from search_service.domain.space import Architecture
from search_service.domain.spec import Constraint, ObjectiveSpec, SearchSpec
from search_service.domain.supernet import SupernetStatus
from search_service.search import Search
from search_service.search.plan import Plan
from search_service.searchers.base import Problem
from search_service.spaces.feasibility import admits
from search_service.storage.base import Storage
from workers.heartbeat import Draining
from workers.runners.base import Means


def run_search(claim: Claim, means: Means) -> Ended:
    """See Runner. What is recorded by an earlier claim of the job is read, not measured again."""
    spec = SearchSpec.from_json(claim.job.spec)
    supernet = means.storage.supernets.get(spec.supernet)
    if supernet.status is not SupernetStatus.READY:
        return Ended(
            state=JobState.FAILED,
            reason=f"supernet {supernet.name!r} is {supernet.status}: {supernet.reason}",
        )
    space = catalog.space_of(supernet)
    named: list[ObjectiveSpec | Constraint] = [*spec.objectives, *spec.constraints]
    plan = Plan(
        spec=spec,
        supernet=supernet,
        space=space,
        devices={
            o.device: means.storage.devices.get(o.device)
            for o in named
            if objective(o.name).source is Source.DEVICE
        },
    )
    problem = Problem(
        space=space,
        objectives=len(spec.objectives),
        admits=admits(space, spec.constraints),
    )
    search = Search(
        claim=claim,
        plan=plan,
        searcher=searchers.build(
            spec.searcher.name,
            problem=problem,
            seed=spec.seed,
            window=spec.parallelism,
            parameters=spec.searcher.parameters,
        ),
        first=_warm_start(spec, problem, storage=means.storage),
        storage=means.storage,
        pool=means.pool.of(supernet, check=means.check),
        artifacts=means.artifacts,
        check=means.check,
    )
    with closing(search):
        try:
            return search.run()
        except Draining:
            search.drain(means.drain_seconds)
            raise


def _warm_start(spec: SearchSpec, problem: Problem, *, storage: Storage) -> list[Architecture]:
    """Fronts of ended jobs, in order, without repeats or what the constraints exclude."""
    texts = [
        e.architecture
        for job in spec.warm_start
        for e in sorted(storage.evaluations.front_of(job), key=lambda e: e.number)
    ]
    architectures = map(problem.space.parse, dict.fromkeys(texts))
    return [a for a in architectures if problem.admits(a)]
