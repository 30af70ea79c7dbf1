"""A training step of a GAN Compression supernet against its networks' passes alone.

    OMP_NUM_THREADS=1 python benchmarks/training_step.py

The step is that of `infra/recipes/edges-supernet.toml` on random images: batches, draws, losses,
projections, optimisers. Alone are the same networks at the same widths: the teacher forward, the
subnet forward and backward, the discriminator forward and backward on real and fake images, and
once more for the subnet's gradient. The two take turns; printed last is the ratio of the medians.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from search_service.recipes.compression import CompressRecipe
from search_service.recipes.reading import read, read_toml
from workers.checkpoints import save_weights
from workers.images.domains import domains
from workers.training.compression import CompressionTraining
from workers.training.compression_methods import compress
from workers.training.draws import Draws
from workers.training.precision import autocast
from workers.training.translation_data import TranslationData
from workers.training.translation_networks import new_generator

RECIPE = Path(__file__).resolve().parents[1] / "infra" / "recipes" / "edges-supernet.toml"
SIDE = 32


def main() -> None:
    """Print the two medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=60)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    training = begin()
    taken: dict[str, list[float]] = {"step": [], "passes": []}
    for index in range(asked.steps):
        taken["step"].append(timed(lambda index=index: training.step(index)))  # type: ignore[misc]  # bound now
        taken["passes"].append(timed(lambda index=index: passes(training, index)))  # type: ignore[misc]
    warm = asked.steps // 6
    step, alone = (statistics.median(taken[name][warm:]) for name in ("step", "passes"))
    print(f"the networks' passes  {alone * 1e3:7.1f} ms")
    print(f"the step              {step * 1e3:7.1f} ms")
    print(f"ratio (goal: at most 1.3): {step / alone:.2f}")


def begin() -> CompressionTraining:
    """The recipe's training with a random teacher and random images."""
    table = {name: value for name, value in read_toml(RECIPE).items() if name != "method"}
    recipe = read(CompressRecipe, table)
    recipe = replace(recipe, critic=replace(recipe.critic, weights=""))
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(2, 512, 1, SIDE, SIDE), dtype=np.uint8)
    pairs = domains(images[0], images[1], paired=True)
    data = TranslationData(train=pairs, shown=pairs)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "teacher.safetensors"
        save_weights(new_generator(recipe.teacher, data.sizes), file)
        teacher = replace(recipe.teacher, weights=str(file))
        return compress(replace(recipe, teacher=teacher), data)


def passes(training: CompressionTraining, index: int) -> None:
    """The networks of a step, forward and backward, and nothing else."""
    assert training.teacher is not None
    batch = training.recipe.batch
    x = torch.rand(batch, 1, SIDE, SIDE) * 2 - 1
    subnet = training.student.draw(Draws(training.recipe.seed, index))[0]
    critic, network = training.critic, training.student.network
    with autocast(training.recipe.precision):
        with torch.no_grad():
            training.teacher(x)
        image, _ = subnet(x, ())
        pair = torch.cat([x, image], 1)
        shown = torch.cat([pair.detach(), torch.cat([x, x], 1)])
        judged = critic(shown).float().mean()
    torch.autograd.backward(judged)
    critic.requires_grad_(False)
    with autocast(training.recipe.precision):
        fooled = critic(pair).float().mean()
    torch.autograd.backward(fooled)
    critic.requires_grad_(True)
    for module in (critic, network):
        module.zero_grad(set_to_none=True)


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
