"""The contract of a claim's choice among teams."""

import random
from collections import Counter
from collections.abc import Callable

import pytest

from search_service.domain.job import Claim, Job, JobState
from search_service.storage.base import Storage

NewJob = Callable[..., Job]


def claimed(storage: Storage, lease_seconds: float = 30) -> Claim:
    claim = storage.jobs.claim(worker="w", lease_seconds=lease_seconds)
    assert claim is not None
    return claim


def finish(storage: Storage, claim: Claim) -> None:
    storage.jobs.finish(claim, state=JobState.SUCCEEDED, reason="budget")


def add(storage: Storage, new_job: NewJob, team: str, jobs: int = 1, priority: int = 0) -> None:
    for _ in range(jobs):
        storage.jobs.add(new_job(team=team, priority=priority))


def test_of_equal_jobs_the_one_of_the_team_with_the_fewest_running_is_claimed(
    storage: Storage, new_job: NewJob
) -> None:
    add(storage, new_job, "a", jobs=3)
    add(storage, new_job, "b", jobs=3)
    assert [claimed(storage).job.team for _ in range(6)] == ["a", "b", "a", "b", "a", "b"]


def test_priority_comes_before_the_share(storage: Storage, new_job: NewJob) -> None:
    add(storage, new_job, "a", jobs=2, priority=1)
    add(storage, new_job, "b")
    assert [claimed(storage).job.team for _ in range(3)] == ["a", "a", "b"]


def test_what_nobody_works_on_counts_for_no_share(
    storage: Storage, new_job: NewJob, advance: Callable[[float], None]
) -> None:
    add(storage, new_job, "a", jobs=2)
    add(storage, new_job, "b")
    lapsed = claimed(storage, lease_seconds=5)
    advance(6)
    again = claimed(storage)  # of the same age order as before: the one that lapsed
    assert again.job.id == lapsed.job.id
    storage.jobs.release(again)
    assert claimed(storage).job.id == lapsed.job.id
    assert [claimed(storage).job.team for _ in range(2)] == ["b", "a"]


@pytest.mark.parametrize("seed", range(3))
def test_a_flood_of_one_team_delays_no_other_by_more_ends_than_it_has_jobs(
    storage: Storage, new_job: NewJob, seed: int
) -> None:
    """With `slots` jobs at once, those of a team that takes at most its half of them wait for as
    many to end as they are, however long the other team's queue is and whichever end."""
    rng = random.Random(seed)
    slots = 6
    add(storage, new_job, "flood", jobs=20)
    running = [claimed(storage) for _ in range(slots)]
    for few in (1, 3, 2):
        add(storage, new_job, "flood", jobs=5)
        add(storage, new_job, "few", jobs=few)
        for left in range(few, 0, -1):
            floods = [c for c in running if c.job.team == "flood"]
            ended = rng.choice(floods)
            running.remove(ended)
            finish(storage, ended)
            running.append(claimed(storage))
            assert running[-1].job.team == "few", f"{left} of {few} wait"
        for claim in [c for c in running if c.job.team == "few"]:
            running.remove(claim)
            finish(storage, claim)
            running.append(claimed(storage))
        assert Counter(c.job.team for c in running) == {"flood": slots}


def test_every_team_comes_to_its_share_of_any_number_of_slots(
    storage: Storage, new_job: NewJob
) -> None:
    teams = {"a": 9, "b": 2, "c": 9}
    for team, jobs in teams.items():
        add(storage, new_job, team, jobs=jobs)
    running = Counter(claimed(storage).job.team for _ in range(8))
    assert running == {"a": 3, "b": 2, "c": 3}
