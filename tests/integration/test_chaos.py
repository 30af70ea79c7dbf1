"""Promise 2 on a whole deployment: PostgreSQL, Redis, two APIs, two workers, three Ray nodes."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.chaos.trial import disturbed, undisturbed
from infra.chaos.workload import Workload

SECONDS = 600.0  # of either run, on a machine that is busy with other things
WORK = Workload(searches=2, trainings=1, scorings=1, evaluations=10, images=400, samples=1024)
BLOWS = 7  # one more than there are kinds of parts

pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.xdist_group("ray")]


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A socket's path may have 107 bytes: pytest's own folder is too deep for Ray."""
    with tempfile.TemporaryDirectory(prefix="gs-chaos-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.timeout(2 * SECONDS + 300)
def test_promise_2_nothing_is_lost_and_nothing_counted_twice_whatever_part_is_killed(
    short_folder: Path,
) -> None:
    bodies, straight = undisturbed(WORK, short_folder, seconds=SECONDS)
    result = disturbed(
        bodies,
        straight,
        short_folder / "storm",
        seed=0,
        every_seconds=(2.0, 4.0),
        seconds=SECONDS,
        blows=BLOWS,
    )
    assert result.faults == []
    assert all(tally.killed for tally in result.tallies.by_kind.values()), result.tallies
    assert result.jobs == len(bodies)
    assert {facts["state"] for facts in straight.jobs.values()} == {"succeeded"}
