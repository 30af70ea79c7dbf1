"""What a worker does with a job, however its work ends."""

from typing import Any

import pytest

from search_service.domain.job import JobState, JobStep
from search_service.domain.supernet import SupernetStatus
from search_service.errors import ClusterUnavailable, StorageUnavailable, TrainingFailed
from search_service.telemetry.metrics import REGISTRY
from workers.heartbeat import Draining


@pytest.fixture
def job(workplace: Any) -> Any:
    """A search of a supernet that is settled."""
    workplace.register()
    workplace.driver.turn()
    return workplace.submit()


def timed_jobs() -> float:
    return REGISTRY.get_sample_value("gansearch_job_duration_seconds_count") or 0.0


def test_there_is_nothing_to_do_in_an_empty_queue(workplace: Any) -> None:
    assert not workplace.driver.turn()


def test_a_claimed_search_is_run_to_its_end_and_timed(workplace: Any, job: Any) -> None:
    before = timed_jobs()
    assert workplace.driver.turn()
    ended = workplace.storage.jobs.get(job.id)
    assert (ended.state, ended.reason) == (JobState.SUCCEEDED, "budget")
    assert ended.evaluations == 12
    assert timed_jobs() == before + 1


def test_a_worker_that_drains_hands_its_job_back_with_what_is_recorded(
    workplace: Any, job: Any
) -> None:
    asked = []

    def drain_after_five() -> None:
        asked.append(1)
        if len(asked) == 5:
            workplace.driver.stop.set()

    workplace.machines.before = drain_after_five
    workplace.driver.turn()
    left = workplace.storage.jobs.get(job.id)
    assert left.state is JobState.RUNNING
    assert 0 < left.evaluations < 12
    assert workplace.hire("successor").turn()  # at once: the lease does not have to run out
    ended = workplace.storage.jobs.get(job.id)
    assert (ended.state, ended.evaluations) == (JobState.SUCCEEDED, 12)


def test_a_search_cancelled_under_way_stops_and_stays_cancelled(workplace: Any, job: Any) -> None:
    asked = []

    def cancel() -> None:
        asked.append(1)
        workplace.storage.jobs.step(job.id, JobStep.CANCEL)

    workplace.machines.before = cancel
    assert workplace.driver.turn()
    assert workplace.storage.jobs.get(job.id).state is JobState.CANCELLED
    assert len(asked) < 12


def test_a_mistake_of_ours_fails_the_job_in_one_line_and_the_worker_goes_on(
    workplace: Any, job: Any
) -> None:
    def mistake() -> None:
        raise ZeroDivisionError("by nought\nwhich is not done")

    workplace.machines.before = mistake
    assert workplace.driver.turn()
    ended = workplace.storage.jobs.get(job.id)
    assert (ended.state, ended.reason) == (JobState.FAILED, "ZeroDivisionError: by nought")
    workplace.machines.before = lambda: None
    again = workplace.submit()
    assert workplace.driver.turn()
    assert workplace.storage.jobs.get(again.id).state is JobState.SUCCEEDED


def test_a_store_that_goes_away_fails_no_job_and_it_is_gone_on_with(
    workplace: Any, job: Any
) -> None:
    calls = 0

    def away() -> None:
        nonlocal calls
        calls += 1
        if calls == 6:
            raise StorageUnavailable("the database does not answer: closed")

    workplace.machines.before = away
    assert workplace.driver.turn()
    assert workplace.storage.jobs.get(job.id).state is JobState.RUNNING
    assert workplace.driver.turn()
    ended = workplace.storage.jobs.get(job.id)
    assert (ended.state, ended.evaluations) == (JobState.SUCCEEDED, 12)


def test_a_store_that_is_away_when_a_search_has_ended_costs_nothing_that_was_done(
    workplace: Any, job: Any
) -> None:
    """What is not used meanwhile is given back."""
    finish, tries = workplace.storage.jobs.finish, 0

    def away(*claim: Any, **how: Any) -> Any:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise StorageUnavailable("the database does not answer: closed")
        return finish(*claim, **how)

    (pool,) = workplace.machines.pools
    rested = pool.rested
    workplace.storage.jobs.finish = away
    assert workplace.driver.turn()
    assert workplace.storage.jobs.get(job.id).state is JobState.SUCCEEDED
    assert tries == 3
    assert pool.rested == rested + 2


def test_a_worker_that_is_to_stop_does_not_wait_for_a_store(workplace: Any, job: Any) -> None:
    def away(*claim: Any, **how: Any) -> Any:
        workplace.driver.stop.set()
        raise StorageUnavailable("the database does not answer: closed")

    workplace.storage.jobs.finish = away
    assert workplace.driver.turn()
    assert workplace.storage.jobs.get(job.id).state is JobState.RUNNING


def test_while_the_store_is_away_what_is_idle_is_given_back(workplace: Any, job: Any) -> None:
    workplace.driver.turn()
    (pool,) = workplace.machines.pools
    rested = pool.rested

    def away(**_: Any) -> Any:
        if pool.rested > rested:
            workplace.driver.stop.set()
        raise StorageUnavailable("the database does not answer: closed")

    workplace.storage.jobs.claim = away
    workplace.driver.run()
    assert pool.rested > rested


@pytest.mark.parametrize("how", ["told", "felt"])
def test_a_cluster_that_goes_fails_no_job_and_the_next_one_goes_on_with_it(
    workplace: Any, job: Any, how: str
) -> None:
    """It is noticed by the watch or by whatever breaks; the second try finds one again."""
    calls = 0

    def measuring() -> None:
        nonlocal calls
        calls += 1
        if calls == 6:
            workplace.machines.gone += ["the head died", "not up yet"]
            if how == "felt":
                raise RuntimeError("connection reset")
        if workplace.storage.jobs.get(job.id).evaluations >= 11:
            workplace.driver.stop.set()

    workplace.machines.before = measuring
    workplace.driver.run()
    assert not workplace.machines.gone
    assert [pool.closed for pool in workplace.machines.pools] == [True, False]
    left = workplace.storage.jobs.get(job.id)
    assert left.state is JobState.RUNNING
    workplace.hire("successor").turn()
    ended = workplace.storage.jobs.get(job.id)
    assert (ended.state, ended.evaluations) == (JobState.SUCCEEDED, 12)


@pytest.mark.parametrize("has_gone", [True, False])
def test_what_breaks_between_two_jobs_ends_the_worker_unless_the_cluster_has_gone(
    workplace: Any, has_gone: bool
) -> None:
    supernet = workplace.register()

    def breaks() -> None:
        workplace.machines.breaking = workplace.driver.stop.set
        workplace.machines.going += ["another cluster is there"] * has_gone
        raise RuntimeError("of another cluster")

    workplace.machines.breaking = breaks
    if has_gone:
        workplace.driver.run()
        assert workplace.storage.supernets.get(supernet.id).status is SupernetStatus.READY
    else:
        with pytest.raises(RuntimeError, match="of another cluster"):
            workplace.driver.run()
        assert workplace.storage.supernets.get(supernet.id).status is not SupernetStatus.READY


@pytest.mark.parametrize(
    "broken", [RuntimeError("connection reset"), TrainingFailed("the processes died")]
)
def test_what_breaks_before_it_is_known_that_the_cluster_has_gone_fails_no_job(
    workplace: Any, job: Any, broken: Exception
) -> None:
    def breaks() -> None:
        workplace.machines.going.append("another cluster is there")
        raise broken

    workplace.machines.before = breaks
    workplace.driver.turn()
    assert workplace.storage.jobs.get(job.id).state is JobState.RUNNING
    workplace.machines.gone.clear()
    workplace.machines.before = lambda: None
    assert workplace.hire("successor").turn()
    assert workplace.storage.jobs.get(job.id).state is JobState.SUCCEEDED


def test_a_cluster_that_has_gone_hands_its_job_back(workplace: Any, job: Any) -> None:
    workplace.machines.before = lambda: workplace.machines.gone.append("gone")
    workplace.driver.turn()
    assert workplace.storage.jobs.get(job.id).state is JobState.RUNNING
    with pytest.raises(ClusterUnavailable):
        workplace.driver.turn()
    workplace.machines.gone.clear()
    workplace.machines.before = lambda: None
    assert workplace.hire("successor").turn()  # at once: the lease does not have to run out
    assert workplace.storage.jobs.get(job.id).state is JobState.SUCCEEDED


def test_a_supernet_that_is_registered_while_another_is_settled_fails_no_search_of_it(
    workplace: Any,
) -> None:
    """It is pending still when a worker that looked for such a moment ago claims its first job."""
    submitted: list[Any] = []

    workplace.register()
    stored = workplace.storage.supernets.settle

    def settle(supernet: Any) -> None:
        stored(supernet)
        if not submitted:
            workplace.register("late")
            submitted.append(workplace.submit(supernet="late"))

    workplace.storage.supernets.settle = settle
    assert workplace.driver.turn()
    assert workplace.storage.jobs.get(submitted[0].id).state is JobState.SUCCEEDED


def test_a_device_that_joins_is_registered(workplace: Any) -> None:
    workplace.driver.turn()
    workplace.machines.protocols["phone"] = {"reference_ms": 2.0}
    workplace.driver.turn()
    assert [device.name for device in workplace.storage.devices.all()] == ["phone"]


def test_an_idle_worker_lets_its_actors_rest(workplace: Any, job: Any) -> None:
    pool = workplace.machines.pools[0]
    before = pool.rested
    workplace.driver.turn()
    assert pool.rested == before
    workplace.driver.turn()
    assert pool.rested == before + 1


def test_a_stopped_worker_takes_no_job(workplace: Any, job: Any) -> None:
    workplace.driver.stop.set()
    workplace.driver.run()
    assert workplace.storage.jobs.get(job.id).state is JobState.QUEUED


def test_a_worker_stopped_while_its_first_actor_has_no_room_hands_its_job_back(
    workplace: Any, job: Any
) -> None:
    make = workplace.machines.pool

    def without_room(spec: Any, *, check: Any) -> Any:
        check()
        driver.stop.set()
        return make(spec, check=check)

    workplace.machines.pool = without_room
    driver = workplace.hire("elsewhere")  # it has no actors yet
    assert driver.turn()
    waiting = workplace.storage.jobs.get(job.id)
    assert (waiting.state, waiting.evaluations) == (JobState.RUNNING, 0)
    workplace.machines.pool = make
    assert workplace.hire("another").turn()
    assert workplace.storage.jobs.get(job.id).state is JobState.SUCCEEDED


def test_a_worker_stopped_while_it_settles_ends_and_another_goes_on(workplace: Any) -> None:
    supernet = workplace.register()
    workplace.driver.stop.set()
    with pytest.raises(Draining):
        workplace.driver.turn()
    assert workplace.storage.supernets.get(supernet.id).status is SupernetStatus.PENDING
    workplace.hire("another").turn()
    assert workplace.storage.supernets.get(supernet.id).status is SupernetStatus.READY
