"""A training run from start or checkpoint to its end: steps, a log, grids, checkpoints."""

import io
import json
import logging
import math
import time
from pathlib import Path

import torch
from torch import Tensor

from search_service.domain.space import Architecture
from search_service.errors import InvalidFile, TrainingDiverged
from workers.checkpoints import save_weights, write_atomically
from workers.images import grid, png, to_uint8, upsample
from workers.training.anycost import AnycostTraining
from workers.training.recipe import Recipe

logger = logging.getLogger(__name__)

GRID_SEED = 4  # of the latents that every grid shows, so that grids can be compared
GRID_COLUMNS = 16


def train(recipe: Recipe, images: Tensor, output: Path) -> AnycostTraining:
    """Train to the recipe's end in the folder `output`, from its checkpoint if there is one.

    Leaves `average.safetensors` (the supernet to keep), `state.pt` (to go on from), `log.jsonl` and
    `grids/`. A run that was stopped anywhere and resumed gives the weights of an undisturbed one.
    Raises TrainingDiverged when a loss is not a number; the last checkpoint is then intact.
    """
    training = AnycostTraining(recipe, images)
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

        if done % recipe.records.log_every == 0 or done == recipe.steps:
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

        if done % recipe.records.grid_every == 0 or done == recipe.steps:
            picture = output / "grids" / f"{done * recipe.batch:08d}.png"
            write_atomically(picture, sample_grid(training))

        if done % recipe.records.checkpoint_every == 0 or done == recipe.steps:
            save_weights(training.average, output / "average.safetensors")
            buffer = io.BytesIO()
            torch.save({"step": done, **training.state()}, buffer)
            write_atomically(output / "state.pt", buffer.getvalue())
    return training


@torch.no_grad()
def sample_grid(training: AnycostTraining) -> bytes:
    """PNG of the averaged generator: rows at ratios 1, 0.75, 0.5, 0.25, then lower resolutions."""
    generator, space = training.average, training.space
    rng = torch.Generator().manual_seed(GRID_SEED)
    latents = torch.randn(GRID_COLUMNS, generator.style_dim, generator=rng)
    shown: list[Architecture] = [space.uniform(ratio) for ratio in (1.0, 0.75, 0.5, 0.25)]
    shown += [space.uniform(1.0, side) for side in reversed(space.resolutions[:-1])]
    side = training.recipe.generator.resolution
    rows = [to_uint8(upsample(generator(latents, each), side)) for each in shown]
    return png(grid(torch.cat(rows).numpy(), GRID_COLUMNS))


def _resume(training: AnycostTraining, output: Path) -> int:
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
