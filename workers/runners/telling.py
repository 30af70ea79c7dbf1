"""How a training goes, read from its folder and told as events, each thing once."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from search_service.domain.event import Event, EventKind
from search_service.domain.job import Claim
from search_service.recipes import Recipe, watching
from search_service.storage.base import Storage
from workers.runners.base import Means
from workers.training.loop import GRIDS, LOG

FACTS = ("step", "images", "images_per_s")  # of a line of the log; the rest are losses
LOG_SECONDS = 30.0  # between two `log` events


class Telling:
    """Reads what a run writes. `tell` is for every second or so.

    A `progress` event says `done` of `total` images, `images_per_s`, `losses` by name and
    `eta_seconds`; another one comes with each grid and names its `artifact`. What an earlier claim
    of the job has told is not told again. Once in a job, a `log` event warns of a discriminator
    that learns its images by heart.
    """

    def __init__(self, folder: Path, recipe: Recipe, claim: Claim, means: Means) -> None:
        self._folder, self._claim, self._means = folder, claim, means
        self._total = recipe.steps * recipe.batch
        self._logged_at = float("-inf")
        events = list(_events(claim.job.id, means.storage))
        told = [e.data for e in events if e.kind is EventKind.PROGRESS]
        self._told = max((data["done"] for data in told if "losses" in data), default=0)
        self._grids = max((data["done"] for data in told if "artifact" in data), default=-1)
        self._warned = any(watching.is_warning(e.data) for e in events if e.kind is EventKind.LOG)

    def tell(self) -> None:
        """What is new, in the order of images seen. Raises LostClaim.

        A grid is written before the line of any later step, so whoever reads the lines first finds
        every grid that comes before the last of them.
        """
        lines = [line for line in self._lines() if line["images"] > self._told]
        grids = self._new_grids()
        if lines:
            self._tell_grids(path for path in grids if int(path.stem) <= lines[-1]["images"])
            self._tell_line(lines[-1])
            self._warn(lines)
        self._tell_grids(path for path in grids if int(path.stem) > self._grids)

    def _tell_line(self, last: Mapping[str, Any]) -> None:
        losses = {name: value for name, value in last.items() if name not in FACTS}
        left = (self._total - last["images"]) / max(last["images_per_s"], 1e-9)
        self._progress(
            last["images"],
            step=last["step"],
            images_per_s=last["images_per_s"],
            losses=losses,
            eta_seconds=round(left, 1),
        )
        self._told = last["images"]
        now = time.monotonic()
        if now - self._logged_at >= LOG_SECONDS or last["images"] == self._total:
            self._logged_at = now
            shown = ", ".join(f"{name} {value:.4g}" for name, value in losses.items())
            self._means.storage.events.log(self._claim, f"{last['images']} images: {shown}")

    def _warn(self, lines: Iterable[Mapping[str, Any]]) -> None:
        if self._warned:
            return
        for line in lines:
            if watching.overfits(line):
                self._means.storage.events.log(self._claim, watching.warning(line))
                self._warned = True
                return

    def _new_grids(self) -> list[Path]:
        paths = sorted((self._folder / GRIDS).glob("*.png"))
        return [path for path in paths if int(path.stem) > self._grids]

    def _tell_grids(self, paths: Iterable[Path]) -> None:
        for path in paths:
            artifact = self._means.artifacts.put(
                path.read_bytes(), media_type="image/png", lineage={"job": self._claim.job.id}
            )
            self._progress(int(path.stem), artifact=artifact, name="grid")
            self._grids = int(path.stem)

    def _progress(self, done: int, **facts: Any) -> None:
        data = {"phase": "train", "done": done, "total": self._total, **facts}
        self._means.storage.events.progress(self._claim, data)

    def _lines(self) -> list[Mapping[str, Any]]:
        """Whole lines alone: the last one may be half written."""
        try:
            text = (self._folder / LOG).read_text()
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in text.split("\n")[:-1]]


def _events(job: str, storage: Storage) -> Iterator[Event]:
    after = 0
    while page := storage.events.read(job, after=after):
        yield from page
        after = page[-1].sequence
