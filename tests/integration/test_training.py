"""Trainings as jobs on real processes: a worker, its Ray, and the processes that train."""

import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from search_service import jobs
from search_service.artifacts import Artifacts
from search_service.domain.event import EventKind
from search_service.domain.job import Job, JobStep
from search_service.queue import open_wake_ups
from tests.support.pairs import write_pairs

WAKE_UPS = open_wake_ups(None)
RECIPE: dict[str, Any] = {
    "method": "pix2pix",
    "dataset": "folder-of-pairs",
    "images": 1600,
    "batch": 4,
    "generator": {"base_channels": 2, "blocks": 1},
    "critic": {"base_channels": 2, "layers": 1},
    "records": {"log_every": 20, "checkpoint_every": 20, "grid_every": 200},
}
SHARED_IMAGES = 240  # enough to compare the first steps: the rates do not fall before the half

pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.xdist_group("training")]


@pytest.fixture(scope="module")
def site(make_site: Callable[[], Any]) -> Any:
    return make_site()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_pairs(tmp_path / "data")


def submit(site: Any, data: Path, **spec: Any) -> Job:
    given = {"recipe": RECIPE, "data": str(data), **spec}
    return jobs.submit("train", given, storage=site.storage, wake_ups=WAKE_UPS)


def is_written(folder: Path) -> bool:
    """Whether a process holds the folder's lock."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def losses(site: Any, job: Job) -> list[dict[str, float]]:
    result = site.storage.jobs.get(job.id).result
    log = Artifacts(str(site.folder / "artifacts")).get(result["artifacts"]["log"])
    lines = map(json.loads, log.content.decode().splitlines())
    return [{k: v for k, v in line.items() if k != "images_per_s"} for line in lines]


@pytest.mark.timeout(900)
def test_a_paused_and_killed_training_and_a_shared_one_end_as_an_undisturbed_one(
    site: Any, data: Path
) -> None:
    straight = submit(site, data)
    site.start(2)
    site.finish(straight)

    broken = submit(site, data)
    folder = site.folder / "runs" / broken.id
    site.wait((folder / "state.pt").exists)
    site.storage.jobs.step(broken.id, JobStep.PAUSE)
    site.wait(lambda: not is_written(folder))
    site.storage.jobs.step(broken.id, JobStep.RESUME)
    site.wait(lambda: is_written(folder))
    site.kill()
    assert not site.storage.jobs.get(broken.id).state.terminal
    site.start(2)
    site.finish(broken)

    shared = submit(site, data, workers=2, recipe={**RECIPE, "images": SHARED_IMAGES})
    site.finish(shared)

    first, second = (site.storage.jobs.get(job.id).result for job in (straight, broken))
    for name in ("generator", "discriminator"):  # an artifact's id is its content's digest
        assert second["artifacts"][name] == first["artifacts"][name]
    assert len(losses(site, straight)) == 20
    assert losses(site, broken) == losses(site, straight)
    assert len(losses(site, shared)) == 3
    first_steps = losses(site, straight)[0]  # later, rounding has grown: see test_sharing.py
    assert losses(site, shared)[0] == pytest.approx(first_steps, rel=1e-5, abs=2e-5)

    for job in (straight, broken):
        told = site.storage.events.read(job.id)
        done = [e.data["done"] for e in told if e.kind is EventKind.PROGRESS]
        assert done == sorted(done)
        grids = [e.data["done"] for e in told if "artifact" in e.data]
        assert grids == [800, 1600]


def test_a_named_supernet_is_registered_with_the_folder_that_it_learnt_from(
    site: Any, data: Path
) -> None:
    recipe = {
        "method": "compress",
        "dataset": "folder-of-pairs",
        "images": 8,
        "batch": 4,
        "supernet": {"base_channels": 4, "blocks": 1},
        "critic": {"base_channels": 2, "layers": 1},
        "weights": {"distillation": 0.0},
    }
    job = submit(site, data, recipe=recipe, name="own")
    site.start(2)
    site.finish(job)
    supernet = site.storage.supernets.get("own")
    assert supernet.id == site.storage.jobs.get(job.id).result["supernet"]
    assert supernet.dataset == f"folder-of-pairs:{data}"
