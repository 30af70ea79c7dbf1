"""A training whose process is killed again and again, on a Ray of its own."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from search_service.errors import TrainingFailed
from tests.support.pairs import write_pairs
from tests.support.processes import titled
from tests.support.waiting import PATIENCE_SECONDS, until
from workers.pool.cluster import Cluster
from workers.training import launcher
from workers.training.launcher import Run
from workers.training.loop import STATE
from workers.training.running import RunSettings

RECIPE: dict[str, Any] = {
    "method": "pix2pix",
    "dataset": "folder-of-pairs",
    "images": 240,
    "batch": 4,
    "generator": {"base_channels": 2, "blocks": 1},
    "critic": {"base_channels": 2, "layers": 1},
    "records": {"log_every": 20, "checkpoint_every": 20, "grid_every": 240},
}
DEATHS = 1  # instead of more, that each take seconds

pytestmark = [
    pytest.mark.slow,
    pytest.mark.ray,
    pytest.mark.xdist_group("launcher"),
    pytest.mark.timeout(900),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with closing(Cluster(cpus=1)) as cluster:
        yield cluster


@pytest.fixture(autouse=True)
def few_deaths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "DEATHS", DEATHS)


@pytest.fixture
def settings(tmp_path: Path) -> RunSettings:
    data = write_pairs(tmp_path / "data")
    return RunSettings(folder=str(tmp_path / "run"), recipe=RECIPE, data=str(data))


def test_one_of_more_processes_than_a_local_ray_has_cores_is_refused(cluster: Cluster) -> None:
    with pytest.raises(TrainingFailed, match=r"^2 processes need a core each, .* has 1; ask for"):
        cluster.hold(2)


def processes() -> set[int]:
    """Of this test's runs: Ray names them by their method."""
    return set(titled("ray::_Process.run"))


def kill_each(run: Run, times: int) -> None:
    """SIGKILL to so many processes of the run, one after another, as each turns up."""
    killed: set[int] = set()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(killed) < times:
        assert time.monotonic() < deadline
        for process in processes() - killed:
            os.kill(process, signal.SIGKILL)
            killed.add(process)
        assert not run.wait(0.1)


def finish(run: Run) -> None:
    until(lambda: run.wait(1.0))


def test_a_process_that_dies_of_itself_again_and_again_fails_the_training(
    cluster: Cluster, settings: RunSettings
) -> None:
    run = Run(settings, living=cluster.living)
    with pytest.raises(TrainingFailed, match="processes died"):
        kill_each(run, DEATHS + 2)
    run.kill()


def test_a_process_that_dies_with_its_node_is_followed_by_another_however_often(
    cluster: Cluster, settings: RunSettings
) -> None:
    """The nodes are others at every look, as the training is told."""
    run = Run(settings, living=lambda: {uuid4().hex})
    kill_each(run, DEATHS + 2)
    finish(run)
    assert (Path(settings.folder) / STATE).exists()


def test_an_error_that_training_raises_is_not_tried_again(
    cluster: Cluster, settings: RunSettings, tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "log.jsonl").mkdir()  # where a file should be
    run = Run(settings, living=cluster.living)
    with pytest.raises(TrainingFailed, match="irectory"):
        finish(run)
    run.kill()
