"""What a training writes is told once, by however many claims."""

import json
from pathlib import Path
from typing import Any

import pytest

from search_service import jobs, recipes
from search_service.artifacts import Artifacts
from search_service.domain.event import EventKind
from search_service.queue import PollingWakeUps
from search_service.storage import MemoryStorage
from workers.kept_pool import KeptPool
from workers.runners import Means
from workers.runners.telling import Telling

RECIPE = {"method": "pix2pix", "dataset": "fashion-mnist-edges", "images": 80, "batch": 2}


class Site:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.storage = MemoryStorage()
        wake_ups = PollingWakeUps()
        spec = {"recipe": RECIPE}
        self.job = jobs.submit("train", spec, storage=self.storage, wake_ups=wake_ups)
        (folder / "grids").mkdir()

    def claim(self) -> Telling:
        claim = self.storage.jobs.claim(worker="test", lease_seconds=0.0)
        assert claim is not None
        means = Means(
            storage=self.storage,
            artifacts=Artifacts(str(self.folder / "artifacts")),
            pool=KeptPool(lambda _, *, check: pytest.fail("no pool"), references=self.folder),
            shards=lambda *_: pytest.fail("no shards"),
            living=lambda: (),
            hold=lambda _, *, begun=False: pytest.fail("no training"),
            references=self.folder,
            runs=self.folder,
            check=lambda: None,
            drain_seconds=0.0,
        )
        return Telling(self.folder, recipes.parse(RECIPE)[1], claim, means)

    def write(self, step: int, *, end: str = "\n", **more: float) -> None:
        line = {"step": step, "images": 2 * step, "images_per_s": 4.0, "generator": 1.5, **more}
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps(line) + end)

    def told(self) -> list[dict[str, Any]]:
        events = self.storage.events.read(self.job.id)
        return [dict(e.data) for e in events if e.kind is EventKind.PROGRESS]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_line_is_told_with_what_is_left(site: Site) -> None:
    telling = site.claim()
    telling.tell()
    assert site.told() == []
    site.write(10)
    telling.tell()
    telling.tell()
    (told,) = site.told()
    assert told | {"at": ""} == {
        "phase": "train",
        "done": 20,
        "total": 80,
        "step": 10,
        "images_per_s": 4.0,
        "losses": {"generator": 1.5},
        "eta_seconds": 15.0,
        "at": "",
    }


def test_half_a_line_is_not_read(site: Site) -> None:
    telling = site.claim()
    site.write(10, end="")
    telling.tell()
    assert site.told() == []


def test_another_claim_goes_on_where_the_last_one_was(site: Site) -> None:
    first = site.claim()
    site.write(10)
    (site.folder / "grids" / "00000020.png").write_bytes(b"one")
    first.tell()
    second = site.claim()
    second.tell()
    assert [told["done"] for told in site.told()] == [20, 20]
    site.write(20)
    (site.folder / "grids" / "00000040.png").write_bytes(b"two")
    second.tell()
    assert [told["done"] for told in site.told()] == [20, 20, 40, 40]
    pictures = [told["artifact"] for told in site.told() if "artifact" in told]
    assert len(set(pictures)) == 2


def test_what_comes_in_at_once_is_told_in_the_order_of_images_seen(site: Site) -> None:
    telling = site.claim()
    site.write(10)
    site.write(20)
    for images in (20, 30, 60):
        (site.folder / "grids" / f"{images:08d}.png").write_bytes(b"%d" % images)
    telling.tell()
    assert [data["done"] for data in site.told()] == [20, 30, 40, 60]
    assert ["artifact" in data for data in site.told()] == [True, True, False, True]


def test_a_discriminator_that_knows_its_images_by_heart_is_told_of_once(site: Site) -> None:
    def warnings() -> list[str]:
        events = site.storage.events.read(site.job.id)
        logs = [e.data["message"] for e in events if e.kind is EventKind.LOG]
        return [message for message in logs if message.startswith("early warning")]

    first = site.claim()
    site.write(2, train_accuracy=1.0, held_out_accuracy=0.6)
    first.tell()
    assert warnings() == []
    site.write(4, train_accuracy=1.0, held_out_accuracy=0.2)
    site.write(6, train_accuracy=1.0, held_out_accuracy=0.5)  # as noise would have it
    first.tell()
    site.write(8, train_accuracy=1.0, held_out_accuracy=0.1)
    first.tell()
    site.claim().tell()
    (warning,) = warnings()
    assert "at 8 images" in warning  # those of step 4
    site.write(10, train_accuracy=1.0, held_out_accuracy=0.1)
    site.claim().tell()
    assert len(warnings()) == 1
