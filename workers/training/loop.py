"""A training run from start or checkpoint to its end: steps, a log, grids, checkpoints."""

import fcntl
import io
import json
import logging
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch

from search_service.errors import InvalidFile, TrainingDiverged
from workers.checkpoints import save_weights, write_atomically
from workers.training import sharing
from workers.training.methods import Training

logger = logging.getLogger(__name__)

LOG = "log.jsonl"
GRIDS = "grids"
STATE = "state.pt"  # what a run goes on from
Losses = dict[str, list[float]]  # of several steps, by name
CHECKPOINT_SECONDS = 120.0  # the longest time between two, however long a step takes


def train(training: Training, output: Path, *, asked: Callable[[], bool] = lambda: False) -> bool:
    """Train to the recipe's end in the folder `output`, from its checkpoint if there is one.

    Leaves the networks to keep as `<name>.safetensors`, `state.pt` (to go on from), `log.jsonl` and
    `grids/`. A run that was stopped anywhere and resumed gives the weights of an undisturbed one.
    Where several processes share the run, all call this and the first one writes.

    Returns False when it left off before the end, having saved where it was, because `asked()` of
    the process that writes. Raises TrainingDiverged when a loss is not a number; the last
    checkpoint is then intact.
    """
    writes = sharing.rank() == 0
    with _sole_writer(output) if writes else _nothing(), sharing.averaged_gradients():
        sharing.wait_for_all()  # nobody reads what an earlier run may still write
        start, pending = _resume(training, output)
        log = Log(output / LOG, start, pending) if writes else None
        saved_at = time.monotonic()
        recipe, records = training.recipe, training.recipe.records
        for index in range(start, recipe.steps):
            losses = sharing.mean(training.step(index))
            done = index + 1
            for name, value in losses.items():
                if not math.isfinite(value):
                    raise TrainingDiverged(f"the {name} loss is {value} at step {done}")
            if log is None:
                continue
            last, leaving = done == recipe.steps, asked()
            log.take(losses)
            if last or done % records.log_every == 0:
                log.write(done, recipe.batch)
            if last or done % records.grid_every == 0:
                picture = output / GRIDS / f"{done * recipe.batch:08d}.png"
                write_atomically(picture, training.grid())
            late = time.monotonic() - saved_at > CHECKPOINT_SECONDS
            if last or leaving or late or done % records.checkpoint_every == 0:
                _save(training, output, done, log.pending)
                saved_at = time.monotonic()
            if leaving and not last:
                return False
        return True


class Log:
    """`log.jsonl`: the mean of every loss since the line before."""

    def __init__(self, path: Path, start: int, pending: Losses) -> None:
        """Goes on after step `start`, with the losses of steps that no line has told yet."""
        self._path, self._start, self._began = path, start, time.monotonic()
        self.pending = pending
        _forget_after(path, start)

    def take(self, losses: Mapping[str, float]) -> None:
        """Those of one step."""
        for name, value in losses.items():
            self.pending.setdefault(name, []).append(value)

    def write(self, done: int, batch: int) -> None:
        """The next line."""
        seconds = time.monotonic() - self._began
        line = {
            "step": done,
            "images": done * batch,
            "images_per_s": round((done - self._start) * batch / seconds, 1),
            **{name: round(sum(v) / len(v), 5) for name, v in self.pending.items()},
        }
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")
        logger.info("training", extra=line)
        self.pending.clear()


def _save(training: Training, output: Path, done: int, pending: Losses) -> None:
    for name, network in training.kept().items():
        save_weights(network, output / f"{name}.safetensors")
    buffer = io.BytesIO()
    torch.save({"step": done, "pending": pending, **training.state()}, buffer)
    write_atomically(output / STATE, buffer.getvalue())


def _resume(training: Training, output: Path) -> tuple[int, Losses]:
    """Load the checkpoint, if any; the number of steps already done, and their untold losses."""
    path = output / STATE
    if not path.exists():
        return 0, {}
    try:
        state = torch.load(path, weights_only=True)
        training.load_state(state)
        return int(state["step"]), state.get("pending", {})
    except (RuntimeError, KeyError, ValueError, EOFError) as error:
        raise InvalidFile(f"{path} is no checkpoint of this recipe: {error}") from error


def _forget_after(log: Path, step: int) -> None:
    """Drop lines that a stopped run wrote after its last checkpoint: they come again. So does one
    that it was killed in the middle of."""
    if log.exists():
        whole = [line for line in log.read_text().split("\n")[:-1] if line]
        kept = [line for line in whole if json.loads(line)["step"] <= step]
        write_atomically(log, "".join(f"{line}\n" for line in kept).encode())


@contextmanager
def _sole_writer(output: Path) -> Iterator[None]:
    """Waits for a run that still writes into the folder: one that is about to be ended."""
    output.mkdir(parents=True, exist_ok=True)
    handle = os.open(output, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def _nothing() -> Iterator[None]:
    yield
