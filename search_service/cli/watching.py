"""Following a job: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from search_service.cli.output import duration, number
from search_service.cli.unmet import unmet_text
from search_service.client import Client, Record, StreamedEvent
from search_service.domain.unmet import Unmet

LINE_SECONDS = 5.0  # between two plain lines


@dataclass
class Progressed:
    """What the events have told so far."""

    budget: int = 0
    phase: str = "queued"
    done: int = 0
    trains: bool = False
    work: str = "search"  # the phase of a job that runs
    images_per_s: float = 0.0
    losses: str = ""
    front_size: int = 0
    hypervolume: float | None = None
    left_seconds: float | None = None
    side: str = ""  # of a scoring: real or fake
    unmet: Unmet | None = None  # while nothing meets the constraints

    def take(self, event: StreamedEvent) -> None:
        """Move on by one event."""
        data: dict[str, Any] = event.data
        match event.kind:
            case "state":
                self.phase = self.work if data["state"] == "running" else data["state"]
                self.left_seconds = None
            case "evaluation":
                self.done = data["evaluations"]
            case "front":
                self.front_size, self.hypervolume = data["size"], data["hypervolume"]
            case "progress":
                self.phase, self.done = data["phase"], data["done"]
                self.budget = data["total"] if self.phase == "train" else data["budget"]
                self.side = data.get("side", "")
                self.unmet = Unmet.from_json(data["unmet"]) if "unmet" in data else None
                self.left_seconds = data.get("eta_seconds")
                if "losses" in data:
                    self.images_per_s = data["images_per_s"]
                    losses = data["losses"].items()
                    self.losses = "  ".join(f"{name} {number(loss)}" for name, loss in losses)
            case _:
                pass

    @property
    def title(self) -> str:
        """What is going on, in a word or two."""
        return "final measurements" if self.phase == "final" else self.phase

    @property
    def facts(self) -> str:
        """Front size, hypervolume and time left, or that nothing meets the constraints; of a
        training its speed and losses."""
        left = f"  {duration(self.left_seconds)} left" if self.left_seconds is not None else ""
        if self.trains:
            return f"{number(self.images_per_s)} images/s{left}  {self.losses}"
        if self.work == "score":
            return f"{self.side} images"
        if self.unmet is not None:
            return f"{unmet_text(self.unmet)}{left}"
        volume = number(self.hypervolume) or "-"
        return f"front {self.front_size}  hypervolume {volume}{left}"


class Bar(AbstractContextManager["Bar"]):
    """A progress bar on a terminal."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.completed:.0f}/{task.total:.0f}  {task.fields[facts]}"),
            TimeElapsedColumn(),
            console=console,
        )
        self._task = self._progress.add_task("queued", total=0, facts="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, progressed: Progressed) -> None:
        """See Display."""
        self._progress.update(
            self._task,
            description=progressed.title,
            completed=progressed.done,
            total=progressed.budget,
            facts=progressed.facts,
        )


class Lines:
    """A line now and then, where nothing can be redrawn."""

    def __init__(self) -> None:
        self._told_at = float("-inf")
        self._title = ""

    def show(self, progressed: Progressed) -> None:
        """See Display."""
        now = time.monotonic()
        if progressed.title == self._title and now - self._told_at < LINE_SECONDS:
            return
        self._title, self._told_at = progressed.title, now
        typer.echo(
            f"{progressed.title}: {progressed.done}/{progressed.budget}  {progressed.facts}",
            err=True,
        )
        sys.stderr.flush()


def watch_job(client: Client, job_id: str) -> Record:
    """Follow a job to the end of its present attempt, on stderr; the record it ends with."""
    job = client.job(job_id)
    budget = job["spec"].get("budget", {}).get("evaluations", 0)
    kind = job["kind"]
    trains = kind in ("train", "finetune")
    progressed = Progressed(budget=budget, trains=trains, work="train" if trains else kind)
    console = Console(stderr=True)
    with Bar(console) if console.is_terminal else nullcontext(Lines()) as display:
        for event in client.events(job_id):
            if event.kind == "log":
                typer.echo(event.data["message"], err=True)
            progressed.take(event)
            display.show(progressed)
    return client.job(job_id)
