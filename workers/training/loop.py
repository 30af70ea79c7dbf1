"""A training run from start or checkpoint to its end: steps, a log, grids, checkpoints."""

import io
import json
import logging
import math
import time
from pathlib import Path

import torch

from search_service.errors import InvalidFile, TrainingDiverged
from workers.checkpoints import save_weights, write_atomically
from workers.training.methods import Training

logger = logging.getLogger(__name__)


def train(training: Training, output: Path) -> None:
    """Train to the recipe's end in the folder `output`, from its checkpoint if there is one.

    Leaves the networks to keep as `<name>.safetensors`, `state.pt` (to go on from), `log.jsonl` and
    `grids/`. A run that was stopped anywhere and resumed gives the weights of an undisturbed one.
    Raises TrainingDiverged when a loss is not a number; the last checkpoint is then intact.
    """
    recipe, records = training.recipe, training.recipe.records
    start = _resume(training, output)
    log = output / "log.jsonl"
    _forget_after(log, start)
    began, sums, counts = time.monotonic(), dict[str, float](), dict[str, int]()

    for index in range(start, recipe.steps):
        losses = training.step(index)
        done = index + 1

        for name, value in losses.items():
            if not math.isfinite(value):
                raise TrainingDiverged(f"the {name} loss is {value} at step {done}")
            sums[name] = sums.get(name, 0.0) + value
            counts[name] = counts.get(name, 0) + 1

        if done % records.log_every == 0 or done == recipe.steps:
            line = {
                "step": done,
                "images": done * recipe.batch,
                "images_per_s": round(
                    (done - start) * recipe.batch / (time.monotonic() - began), 1
                ),
                **{name: round(sums[name] / counts[name], 5) for name in sums},
            }
            with log.open("a") as file:
                file.write(json.dumps(line) + "\n")
            logger.info("training", extra=line)
            sums.clear()
            counts.clear()

        if done % records.grid_every == 0 or done == recipe.steps:
            picture = output / "grids" / f"{done * recipe.batch:08d}.png"
            write_atomically(picture, training.grid())

        if done % records.checkpoint_every == 0 or done == recipe.steps:
            for name, network in training.kept().items():
                save_weights(network, output / f"{name}.safetensors")
            buffer = io.BytesIO()
            torch.save({"step": done, **training.state()}, buffer)
            write_atomically(output / "state.pt", buffer.getvalue())


def _resume(training: Training, output: Path) -> int:
    """Load the checkpoint, if any; the number of steps already done."""
    path = output / "state.pt"
    output.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        return 0
    try:
        state = torch.load(path, weights_only=True)
        training.load_state(state)
        return int(state["step"])
    except (RuntimeError, KeyError, ValueError, EOFError) as error:
        raise InvalidFile(f"{path} is no checkpoint of this recipe: {error}") from error


def _forget_after(log: Path, step: int) -> None:
    """Drop lines that a stopped run wrote after its last checkpoint: they come again."""
    if log.exists():
        kept = [line for line in log.read_text().splitlines() if json.loads(line)["step"] <= step]
        write_atomically(log, "".join(f"{line}\n" for line in kept).encode())
