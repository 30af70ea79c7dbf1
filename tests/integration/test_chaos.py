"""Promises 2 and 6 on a whole deployment: PostgreSQL, Redis, two APIs, two workers, three Ray
nodes, which must end as one machine does. The programs are the same: only URLs differ."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.chaos.trial import disturbed, undisturbed
from infra.chaos.workload import Workload

SECONDS = 600.0  # of either run, on a machine that is busy with other things
WORK = Workload(
    searches=2,
    trainings=1,
    scorings=1,
    evaluations=8,
    images=400,
    samples=1024,
    doomed_trainings=0,
)
BLOWS = 8  # a kill of each kind of part, then two that stand still
SEED = 1504  # kills the database first, then what is the longest away; stops it and a worker

pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.xdist_group("ray")]


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A socket's path may have 107 bytes: pytest's own folder is too deep for Ray."""
    with tempfile.TemporaryDirectory(prefix="gs-chaos-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.timeout(2 * SECONDS + 300)
def test_promises_2_and_6_a_deployment_whose_parts_are_killed_ends_as_one_machine_undisturbed(
    short_folder: Path,
) -> None:
    with undisturbed(WORK, short_folder, seconds=SECONDS) as end:
        result = disturbed(
            end,
            short_folder / "storm",
            seed=SEED,
            every_seconds=(1.0, 2.5),
            seconds=SECONDS,
            blows=BLOWS,
        )
        straight = end()
    assert result.faults == []
    tallies = result.tallies.by_kind
    assert all(tally.killed for tally in tallies.values()), tallies
    assert sum(tally.stopped for tally in tallies.values()) == 2, tallies
    assert result.jobs == len(straight.bodies)
    assert {facts["state"] for facts in straight.outcome.jobs.values()} == {"succeeded"}
    assert sum(result.fates.values()), "a user could not steer any job in time"
